/** Approves a sign-in as a person would: Chromium, the verification page, the code, the button. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';

export interface BrowserApproval {
  readonly executablePath: string;
  readonly verificationUri: string;
  /** Typed into the page; left out where the URI carries it already (`verification_uri_complete`). */
  readonly userCode?: string;
  readonly decision?: 'Approve' | 'Deny';
  /** Folder for a picture of each page. */
  readonly screenshots?: string;
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PLACES = [
  '/usr/bin',
  '/usr/local/bin',
  '/snap/bin',
  '/opt/google/chrome',
  '/Applications/Chromium.app/Contents/MacOS',
];
/** Chromium does nothing but what the test asks: no traffic of its own leaves the machine. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const STEP_TIMEOUT_MS = 20_000;

/** Where Chromium is, by PATH and the usual places; undefined when there is none. */
export function findChromium(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const folders = [...(env.PATH ?? '').split(path.delimiter).filter(Boolean), ...PLACES];
  return folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name))).find(existsSync);
}

/** The headline of the last page. */
export async function approveInBrowser(approval: BrowserApproval): Promise<string> {
  const browser = await chromium.launch({
    executablePath: approval.executablePath,
    headless: true,
    args: FLAGS,
    timeout: STEP_TIMEOUT_MS,
  });
  try {
    const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
    page.setDefaultTimeout(STEP_TIMEOUT_MS);
    return await decide(page, approval);
  } finally {
    await browser.close();
  }
}

async function decide(page: Page, approval: BrowserApproval): Promise<string> {
  const { verificationUri, userCode, decision = 'Approve', screenshots } = approval;
  const picture = async (name: string) => {
    if (screenshots !== undefined) await page.screenshot({ path: path.join(screenshots, `${name}.png`) });
  };
  await page.goto(verificationUri);
  if (userCode !== undefined) {
    await page.getByLabel('Code').fill(userCode);
    await picture('enter-code');
    await page.getByRole('button', { name: 'Continue' }).click();
  }
  const button = page.getByRole('button', { name: decision });
  await button.waitFor();
  await picture('decide');
  await button.click();
  await button.waitFor({ state: 'detached' });
  await picture('done');
  return (await page.getByRole('heading', { level: 1 }).textContent()) ?? '';
}
