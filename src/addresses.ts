/** Where the Mira platform is, as its documents say (decisions.md 19). Every default address stands here, and the name mira gives there. */

export const PLATFORM_API = 'https://api.vmira.ai/v1';
export const PLATFORM_ORIGIN = 'https://api.vmira.ai';
/** Where people make, see and revoke their keys. */
export const KEYS_PAGE = 'https://platform.vmira.ai/api-keys';
/** The OAuth client that mira is. */
export const PLATFORM_CLIENT = 'mira-cli';
export const MIRRA_API = 'https://api.fxn.world/api/sdk/v1';
export const MIRRA_KEYS_PAGE = 'https://store.getmirra.app/developer/api-keys';
/** Where Ollama listens unless it is told otherwise. */
export const OLLAMA = 'http://localhost:11434';
export const OPENAI_API = 'https://api.openai.com/v1';
export const OPENAI_KEYS_PAGE = 'https://platform.openai.com/api-keys';
export const ANTHROPIC_API = 'https://api.anthropic.com';
export const ANTHROPIC_KEYS_PAGE = 'https://platform.claude.com/settings/keys';
/** Where the keys of the others are revoked; printed for a person, never contacted. */
export const AWS_KEYS_PAGE = 'https://console.aws.amazon.com/iam/home#/security_credentials';
export const GITHUB_TOKENS_PAGE = 'https://github.com/settings/tokens';
