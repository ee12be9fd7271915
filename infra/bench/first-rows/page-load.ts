import { waitUntil } from '../../local/process/wait-until.ts'
import type { Page } from '../kit/page.ts'

/** One load of the studio's page. */
export interface PageLoad {
  /** From the end of the document's response until rows are painted, in ms. */
  milliseconds: number
  /** Bytes that came over the wire until then: scripts, and the first page of the list. */
  scriptBytes: number
  listBytes: number
}

/** Options of one load of the page. */
export interface LoadOptions {
  /** Files that are not loaded, as patterns of their addresses. */
  blocked: readonly string[]
  isCompressed: boolean
  /** Whether the browser has the files of an earlier visit. */
  isCached: boolean
}

/** A file of the page: its address, and its bytes on the wire with its header. */
interface LoadedFile {
  url: string
  bytes: number
}

interface FirstRows {
  milliseconds: number
  files: LoadedFile[]
}

const LOAD_TIMEOUT_MS = 20_000
/** Records the first frame with a row, as the time since the document was there, and the files that had arrived by then. */
const WATCH_SCRIPT = `new MutationObserver((_, observer) => {
  if (!document.querySelector('article')) return
  observer.disconnect()
  requestAnimationFrame(() => setTimeout(() => {
    const milliseconds = performance.now() - performance.getEntriesByType('navigation')[0].responseEnd
    const files = performance.getEntriesByType('resource').map(({ name, transferSize }) => ({ url: name, bytes: transferSize }))
    window.firstRows = { milliseconds, files }
  }))
}).observe(document, { subtree: true, childList: true })`

/** Prepares a page for `loadStudio`. */
export async function prepareLoads(page: Page): Promise<void> {
  await page.command('Network.enable')
  await page.command('Page.enable')
  await page.command('Page.addScriptToEvaluateOnNewDocument', { source: WATCH_SCRIPT })
}

/** Opens the studio in a prepared page and measures until its first rows are painted. */
export async function loadStudio(page: Page, url: string, options: LoadOptions): Promise<PageLoad> {
  await page.command('Page.navigate', { url: 'about:blank' })
  if (!options.isCached) await page.command('Network.clearBrowserCache')
  await page.command('Network.setBlockedURLs', { urls: options.blocked })
  await page.command('Network.setExtraHTTPHeaders', {
    headers: options.isCompressed ? {} : { 'accept-encoding': 'identity' },
  })
  await page.command('Page.navigate', { url })
  const readRows = async () => (await page.evaluate<FirstRows | null>('window.firstRows ?? null')) ?? undefined
  const wait = { what: 'The first rows', milliseconds: LOAD_TIMEOUT_MS, signal: AbortSignal.timeout(LOAD_TIMEOUT_MS) }
  const { milliseconds, files } = await waitUntil(readRows, wait)
  const countBytes = (matches: (url: string) => boolean) =>
    files.filter(file => matches(file.url)).reduce((sum, { bytes }) => sum + bytes, 0)
  return {
    milliseconds,
    scriptBytes: countBytes(url => url.endsWith('.js')),
    listBytes: countBytes(url => url.includes('/api/generations?') && url.includes('limit=50')),
  }
}
