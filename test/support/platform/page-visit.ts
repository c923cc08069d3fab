/** A browser without a screen: follows redirects, keeps cookies, fills in forms. What a person would send is sent. */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface VisitedPage {
  readonly url: URL;
  readonly status: number;
  readonly html: string;
  readonly title: string;
}

export interface PageVisit {
  open(url: string | URL): Promise<VisitedPage>;
  /** Submits the page's form with its hidden fields and these. */
  submit(page: VisitedPage, fields: Readonly<Record<string, string>>): Promise<VisitedPage>;
}

const MOST_REDIRECTS = 10;

export function startPageVisit(options: { readonly ca?: string | undefined } = {}): PageVisit {
  const cookies = new Map<string, string>();
  const visit = async (first: Hop): Promise<VisitedPage> => {
    let hop = first;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const response = await send(hop, cookies, options.ca);
      for (const cookie of response.headers['set-cookie'] ?? []) keepCookie(cookies, cookie);
      const html = await readText(response);
      const status = response.statusCode ?? 0;
      const { location } = response.headers;
      if (status < 300 || status > 399 || location === undefined) {
        return { url: hop.url, status, html, title: /<h1>(.*?)<\/h1>/s.exec(html)?.[1] ?? '' };
      }
      hop = { url: new URL(location, hop.url) };
    }
    throw new Error(`More than ${MOST_REDIRECTS} redirects from ${first.url.href}`);
  };
  return {
    open: (url) => visit({ url: new URL(url) }),
    submit(page, fields) {
      const action = /<form[^>]*\baction="([^"]*)"/.exec(page.html)?.[1];
      if (action === undefined) throw new Error(`No form on ${page.url.href}: ${page.title}`);
      const body = new URLSearchParams({ ...hiddenFields(page.html), ...fields }).toString();
      return visit({ url: new URL(unescapeHtml(action), page.url), body });
    },
  };
}

interface Hop {
  readonly url: URL;
  readonly body?: string;
}

function send(
  hop: Hop,
  cookies: ReadonlyMap<string, string>,
  ca: string | undefined,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = (hop.url.protocol === 'https:' ? httpsRequest : httpRequest)(
    hop.url,
    {
      method: hop.body === undefined ? 'GET' : 'POST',
      agent: false,
      timeout: 10_000,
      ...(ca === undefined ? {} : { ca }),
      headers: {
        accept: 'text/html',
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(hop.body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      },
    },
    resolve,
  );
  request.on('timeout', () => request.destroy(new Error(`No answer from ${hop.url.href}`)));
  request.on('error', reject);
  request.end(hop.body);
  return promise;
}

async function readText(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

function keepCookie(cookies: Map<string, string>, header: string): void {
  const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(header) ?? [];
  if (value === '') cookies.delete(name);
  else cookies.set(name, value);
}

function hiddenFields(html: string): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (const [, name = '', value = ''] of html.matchAll(
    /<input type="hidden" name="([^"]*)" value="([^"]*)"/g,
  )) {
    fields[name] = unescapeHtml(value);
  }
  return fields;
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
