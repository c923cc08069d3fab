/** The three pages of a sign-in by code: enter it, decide, done. Both dialects show the same ones. */
import { escapeHtml, renderPage } from './page.ts';
import { ADA } from './person.ts';

export interface Form {
  readonly action: string;
  readonly xsrf: string;
}

export interface EnterCode extends Form {
  readonly problem?: string | undefined;
}

export interface Decide extends Form {
  readonly userCode: string;
  readonly clientName: string;
  readonly scopes: readonly string[];
}

export function enterCodePage({ action, xsrf, problem }: EnterCode): string {
  return renderPage({
    title: 'Connect a device',
    content: `${problem === undefined ? '' : `<p class="bad" role="alert">${escapeHtml(problem)}</p>`}
<p class="quiet">Type the code that your terminal shows.</p>
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="xsrf" value="${escapeHtml(xsrf)}">
<label for="user_code">Code</label>
<input id="user_code" name="user_code" type="text" autocomplete="off" autocapitalize="characters" spellcheck="false"
 maxlength="16" required autofocus>
<div class="row"><button type="submit">Continue</button></div>
</form>`,
  });
}

export function decidePage({ action, xsrf, userCode, clientName, scopes }: Decide): string {
  return renderPage({
    title: `Sign in to ${clientName}?`,
    content: `<p class="quiet">Go on only if your terminal shows this very code.</p>
<p class="code">${escapeHtml(userCode)}</p>
<dl>
<dt>You are</dt><dd>${escapeHtml(`${ADA.name} <${ADA.email}>`)}</dd>
${scopes.length === 0 ? '' : `<dt>It may use</dt><dd>${escapeHtml(scopes.join(', '))}</dd>`}
</dl>
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="xsrf" value="${escapeHtml(xsrf)}">
<input type="hidden" name="user_code" value="${escapeHtml(userCode)}">
<div class="row">
<button type="submit" name="confirm" value="yes">Approve</button>
<button class="second" type="submit" name="abort" value="yes">Deny</button>
</div>
</form>`,
  });
}

export function approvedPage(): string {
  return renderPage({
    title: 'You are signed in',
    content: '<p>Go back to your terminal. This window can be closed.</p>',
  });
}

export function deniedPage(): string {
  return renderPage({
    title: 'Sign-in denied',
    content: '<p>Nothing was given away. This window can be closed.</p>',
  });
}

export function problemPage(problem: string): string {
  return renderPage({
    title: 'That did not work',
    content: `<p class="bad" role="alert">${escapeHtml(problem)}</p>`,
  });
}
