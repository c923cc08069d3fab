/** What mira and its keychain helper say to each other, one JSON object a line. */

/** The name under which every item of mira is filed. */
export const KEYCHAIN_SERVICE = 'mira-cli';

export type HelperRequest =
  | { readonly op: 'read' | 'remove' | 'probe'; readonly name: string }
  | { readonly op: 'write'; readonly name: string; readonly value: string };

export type HelperAnswer =
  | { readonly ok: true; readonly value?: string; readonly removed?: boolean }
  | { readonly ok: false; readonly detail: string };
