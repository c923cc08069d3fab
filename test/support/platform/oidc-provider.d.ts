/** The part of oidc-provider 9 that the platform uses; the package ships no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

  export interface PageContext {
    type: string;
    body: unknown;
    readonly oidc: {
      readonly client?: { readonly clientName?: string; readonly clientId: string };
      readonly session?: { readonly state?: { readonly secret: string } };
      readonly deviceCode?: { readonly params: Readonly<Record<string, unknown>> };
      urlFor(route: string): string;
    };
    set(header: string, value: string): void;
  }

  export interface InteractionDetails {
    readonly params: {
      readonly client_id: string;
      readonly scope?: string;
      readonly resource?: string | readonly string[];
    };
    readonly prompt: { readonly name: string };
  }

  export interface Grant {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
    save(): Promise<string>;
  }

  export interface ResourceServerInfo {
    readonly scope: string;
    readonly audience: string;
    readonly accessTokenTTL: number;
    readonly accessTokenFormat: 'jwt' | 'opaque';
    readonly jwt?: { readonly sign: { readonly alg: string } };
  }

  export const errors: {
    readonly InvalidTarget: new (message?: string) => Error;
  };

  export default class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    proxy: boolean;
    readonly Grant: new (properties: { accountId: string; clientId: string }) => Grant;
    callback(): RequestListener;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<InteractionDetails>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: Readonly<Record<string, unknown>>,
      options?: { readonly mergeWithLastSubmission: boolean },
    ): Promise<void>;
    on(event: string, listener: (...values: unknown[]) => void): this;
  }
}
