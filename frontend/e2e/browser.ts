import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** What a page did that nobody sees: errors, and requests to anybody but the studio. */
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

/** Starts the Chromium that `bun run test` found. @param flags beside the usual ones @throws if `CHROMIUM_PATH` is not set */
export async function startBrowser(flags: readonly string[] = []): Promise<Browser & AsyncDisposable> {
  const executablePath = process.env.CHROMIUM_PATH
  if (!executablePath) throw new Error('The browser tests need Chromium: run `bun run test`, or set CHROMIUM_PATH.')
  const browser = await chromium.launch({ executablePath, args: [...FLAGS, ...flags] })
  return Object.assign(browser, { [Symbol.asyncDispose]: () => browser.close() })
}

/** Opens a page of its own profile that writes down what it should not do. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<MonitoredPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  const pageErrors: string[] = []
  page.on('console', message => message.type() === 'error' && pageErrors.push(message.text()))
  page.on('pageerror', error => pageErrors.push(error.message))
  page.on('request', request => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== new URL(url).origin) {
      pageErrors.push(`asked another host: ${request.url()}`)
    }
  })
  await page.goto(url)
  return { page, pageErrors }
}
