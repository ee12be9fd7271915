import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** A page, with its errors and its requests to other hosts than the studio's. */
export interface MonitoredPage {
  page: Page
  pageErrors: string[]
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * Time limit of a step in a page. Shorter than that of a test: Bun kills the child processes of a test that times out, the studio
 * among them, and every later test of the file fails.
 */
const STEP_TIMEOUT_MS = 60_000

/** Starts the Chromium of `CHROMIUM_PATH`. @param flags added to the usual ones @throws Error if it is not set */
export async function startBrowser(flags: readonly string[] = []): Promise<Browser & AsyncDisposable> {
  const executablePath = process.env.CHROMIUM_PATH
  if (!executablePath) throw new Error('The browser tests need Chromium: run `bun run test`, or set CHROMIUM_PATH.')
  const browser = await chromium.launch({ executablePath, args: [...FLAGS, ...flags] })
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() })
}

/** Opens a page in a profile of its own, and records its errors and its requests to other hosts. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<MonitoredPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  context.setDefaultTimeout(STEP_TIMEOUT_MS)
  const page = await context.newPage()
  const pageErrors: string[] = []
  page.on('console', message => message.type() === 'error' && pageErrors.push(message.text()))
  page.on('pageerror', error => pageErrors.push(error.message))
  page.on('request', request => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin) {
      pageErrors.push(`request to another host: ${request.url()}`)
    }
  })
  await page.goto(url)
  return { page, pageErrors }
}
