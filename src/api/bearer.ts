/** A credential as a request carries it, and where requests get one. Implemented by auth, used by api and chat. */

export interface Bearer {
  /** The secret itself: an access token or an API key. Goes into a header and nowhere else. */
  readonly value: string;
  /** Where it came from, for a person: "MIRA_API_KEY", "the session of profile work (keychain)". */
  readonly source: string;
  /** The command that mends a refused credential. */
  readonly mend: string;
  /** A refused value can be exchanged for another by asking again with `rejected`. */
  readonly refreshable: boolean;
}

export interface BearerSource {
  /**
   * A credential valid for at least the refresh window.
   * @param options.rejected the value a server has just answered 401 to: another one is given, or it throws
   * @throws MiraError `not_signed_in`, `session_ended`, `keychain_*`, network codes
   */
  get(options?: { readonly rejected?: string; readonly signal?: AbortSignal }): Promise<Bearer>;
}
