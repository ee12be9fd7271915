import type { Browser, BrowserContextOptions } from 'playwright-core'
import { type History, openHistory } from '../../infra/testing/data/history.ts'
import { startTestStudio, type TestStudio } from '../../infra/testing/studio/test-studio.ts'
import { openPage, startBrowser, type Watched } from './browser.ts'

/** A studio in which much has been made, and a browser to look at it. */
export interface Filled extends AsyncDisposable {
  studio: TestStudio
  history: History
  browser: Browser
  /** Opens the feed in a profile of its own, and waits for its first rows. */
  open(options?: BrowserContextOptions & { path?: string }): Promise<Watched>
}

interface FilledOptions {
  env?: Record<string, string>
  /** For the browser. */
  flags?: string[]
}

/** Less than any test's own limit: a test that runs into that takes everything down with it. */
const LONGEST_WAIT_MS = 15_000

/** Starts a studio with so many finished generations, one an hour until now; the text of each begins with its number. */
export async function startFilled(count: number, { env = {}, flags = [] }: FilledOptions = {}): Promise<Filled> {
  await using undo = new AsyncDisposableStack()
  const browser = undo.use(await startBrowser(flags))
  const studio = undo.use(await startTestStudio(env))
  const history = undo.use(await openHistory(studio))
  await history.fill(count)
  const owned = undo.move()
  return {
    ...{ studio, history, browser },
    open: async ({ path = '/', ...options } = {}) => {
      const opened = await openPage(browser, new URL(path, studio.url).href, { reducedMotion: 'reduce', ...options })
      opened.page.setDefaultTimeout(LONGEST_WAIT_MS)
      await opened.page.getByRole('article').first().waitFor()
      return opened
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
