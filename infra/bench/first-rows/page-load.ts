import { waitUntil } from '../../local/process/wait-until.ts'
import type { Page } from '../kit/page.ts'

/** One load of the studio's page. */
export interface PageLoad {
  /** From the end of the document's response until rows are painted, in ms. */
  milliseconds: number
  /** The same until the first image of a row is painted. */
  imageMilliseconds: number
  /** Bytes that came over the wire until then: scripts, and the first page of the list. */
  scriptBytes: number
  listBytes: number
  /** Requests until the first rows, in the order of its requests. */
  spans: Span[]
}

/** The time of a request, from its start to its last byte, in ms since the end of the document's response. */
export interface Span {
  name: SpanName
  start: number
  end: number
}

/** The requests that the first rows wait for, by the addresses of their files. */
const SPANS = {
  'early script': /\/assets\/early-[^/]*\.js$/,
  styles: /\/assets\/index-[^/]*\.css$/,
  'page script': /\/assets\/page-[^/]*\.js$/,
  list: /\/api\/generations\?.*limit=50/,
  models: /\/api\/models$/,
  'first image': /\/media\//,
} as const
type SpanName = keyof typeof SPANS

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
  /** In ms since the end of the document's response. */
  start: number
  end: number
}

interface FirstRows {
  milliseconds: number
  imageMilliseconds: number
  files: LoadedFile[]
}

const LOAD_TIMEOUT_MS = 20_000
/**
 * Records the first frame with a row and the first one with an image, as the times since the document was there, and the files that had
 * arrived by the first.
 */
const WATCH_SCRIPT = `{
  const since = () => performance.now() - performance.getEntriesByType('navigation')[0].responseEnd
  const afterPaint = callback => requestAnimationFrame(() => setTimeout(callback))
  const watchImage = rows => {
    const image = [...document.querySelectorAll('article img')].find(({ complete, naturalWidth }) => complete && naturalWidth > 0)
    if (!image) return requestAnimationFrame(() => watchImage(rows))
    image.decode().catch(() => {}).then(() => afterPaint(() => {
      window.firstRows = { ...rows, imageMilliseconds: since(), files: [...rows.files, ...listFiles().filter(({ url }) => url.includes('/media/'))] }
    }))
  }
  const listFiles = () => {
    const [{ responseEnd }] = performance.getEntriesByType('navigation')
    return performance.getEntriesByType('resource').map(({ name, transferSize, startTime, responseEnd: end }) =>
      ({ url: name, bytes: transferSize, start: startTime - responseEnd, end: end - responseEnd }))
  }
  new MutationObserver((_, observer) => {
    if (!document.querySelector('article')) return
    observer.disconnect()
    afterPaint(() => watchImage({ milliseconds: since(), files: listFiles().filter(({ url }) => !url.includes('/media/')) }))
  }).observe(document, { subtree: true, childList: true })
}`

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
  const { milliseconds, imageMilliseconds, files } = await waitUntil(readRows, wait)
  const countBytes = (matches: (url: string) => boolean) =>
    files.filter(file => matches(file.url)).reduce((sum, { bytes }) => sum + bytes, 0)
  return {
    milliseconds,
    imageMilliseconds,
    spans: listSpans(files),
    scriptBytes: countBytes(url => url.endsWith('.js')),
    listBytes: countBytes(url => url.includes('/api/generations?') && url.includes('limit=50')),
  }
}

/** Lists the first request of each name. */
function listSpans(files: readonly LoadedFile[]): Span[] {
  return Object.entries(SPANS).flatMap(([name, pattern]) => {
    const file = files.filter(({ url }) => pattern.test(url)).toSorted((a, b) => a.end - b.end)[0]
    return file ? [{ name: name as SpanName, start: file.start, end: file.end }] : []
  })
}
