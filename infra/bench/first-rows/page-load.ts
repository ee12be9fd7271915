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

interface ResponseEvent {
  requestId: string
  type: string
  response: { url: string }
}

const LOAD_TIMEOUT_MS = 20_000
/** Records the first frame with a row, as the time since the document was there. */
const WATCH_SCRIPT = `new MutationObserver((_, observer) => {
  if (!document.querySelector('article')) return
  observer.disconnect()
  requestAnimationFrame(() => setTimeout(() => {
    window.firstRowsAt = performance.now() - performance.getEntriesByType('navigation')[0].responseEnd
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
  const { countBytes } = watchResponses(page)
  await page.command('Page.navigate', { url })
  const readTime = async () => (await page.evaluate<number | null>('window.firstRowsAt ?? null')) ?? undefined
  const wait = { what: 'The first rows', milliseconds: LOAD_TIMEOUT_MS, signal: AbortSignal.timeout(LOAD_TIMEOUT_MS) }
  const milliseconds = await waitUntil(readTime, wait)
  return {
    milliseconds,
    scriptBytes: countBytes(({ type }) => type === 'Script'),
    listBytes: countBytes(
      ({ response }) => response.url.includes('/api/generations?') && response.url.includes('limit=50'),
    ),
  }
}

/** Counts the bytes of responses as they came over the wire. */
function watchResponses(page: Page) {
  const responses = new Map<string, ResponseEvent>()
  const bytes = new Map<string, number>()
  page.on('Network.responseReceived', params => {
    const event = params as ResponseEvent
    responses.set(event.requestId, event)
  })
  page.on('Network.loadingFinished', params => {
    const { requestId, encodedDataLength } = params as { requestId: string; encodedDataLength: number }
    bytes.set(requestId, encodedDataLength)
  })
  const countBytes = (matches: (event: ResponseEvent) => boolean) =>
    [...responses.values()].filter(matches).reduce((sum, { requestId }) => sum + (bytes.get(requestId) ?? 0), 0)
  return { countBytes }
}
