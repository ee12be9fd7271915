import type { Browser, BrowserContextOptions } from 'playwright-core'
import { openStudioHistory, type StudioHistory } from '../../infra/testing/data/history.ts'
import { startTestStudio, type TestStudio } from '../../infra/testing/studio/test-studio.ts'
import { type MonitoredPage, openPage, startBrowser } from './browser.ts'
import { waitForCode } from './page-probes.ts'

/** A studio with many generations, and a browser. */
export interface SeededStudio extends AsyncDisposable {
  studio: TestStudio
  history: StudioHistory
  browser: Browser
  /** Opens the feed in a profile of its own, and waits for the first rows and the code that is loaded after them. */
  open(options?: BrowserContextOptions & { path?: string }): Promise<MonitoredPage>
}

interface SeededStudioOptions {
  env?: Record<string, string>
  /** Flags of the browser. */
  flags?: string[]
}

/** Starts a studio with a number of finished generations, one an hour until now. Each prompt begins with its number. */
export async function startSeededStudio(
  count: number,
  { env = {}, flags = [] }: SeededStudioOptions = {},
): Promise<SeededStudio> {
  await using stack = new AsyncDisposableStack()
  const browser = stack.use(await startBrowser(flags))
  const studio = stack.use(await startTestStudio(env))
  const history = stack.use(await openStudioHistory(studio))
  await history.insertFinished(count)
  const disposables = stack.move()
  return {
    ...{ studio, history, browser },
    open: async ({ path = '/', ...options } = {}) => {
      const opened = await openPage(browser, new URL(path, studio.url).href, { reducedMotion: 'reduce', ...options })
      await opened.page.getByRole('article').first().waitFor()
      await waitForCode(opened.page)
      return opened
    },
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}
