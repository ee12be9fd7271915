import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { openPage } from '../browser.ts'
import { waitForFrames } from '../page-probes.ts'

/** A state of the page that is drawn at every size, in both themes. */
export interface View {
  name: string
  /** Fragment of the address. */
  hash?: string
  /** Entries of the local storage before the page is opened. */
  storage?: Readonly<Record<string, string>>
  /** Sizes at which it exists; all unless given. */
  sizes?: readonly SizeName[]
  /** Answers requests in place of the studio, before the page is opened. */
  serve?(page: Page): Promise<unknown>
  /** Brings the page into the state. @param isPhone whether it is used by touch */
  show?(page: Page, isPhone: boolean): Promise<unknown>
}

/** The sizes at which every view is drawn. */
const SIZES = {
  desktop: { width: 1440, height: 900 },
  tablet: { width: 1024, height: 768 },
  phone: { width: 390, height: 844 },
} as const
type SizeName = keyof typeof SIZES

const THEMES = ['dark', 'light'] as const
type Theme = (typeof THEMES)[number]

export interface CaptureOptions {
  browser: Browser
  folder: string
  /** Names that are drawn, of a view, size and theme, as `lightbox-phone-dark`. */
  only: RegExp
  /** Device pixels per CSS pixel. */
  scale: number
}

const STEP_TIMEOUT_MS = 15_000

/**
 * Draws views of the page at an address into files, and prints the name of each.
 *
 * @returns the names of those that were not reached, with the reason
 */
export async function captureViews(url: string, views: readonly View[], options: CaptureOptions): Promise<string[]> {
  const failures: string[] = []
  const capture = async (view: View, size: SizeName, theme: Theme) => {
    const name = `${view.name}-${size}-${theme}`
    if (!options.only.test(name)) return
    const path = join(options.folder, `${name}.png`)
    const problem = await captureView(url, view, { ...options, size, theme, path }).catch(String)
    if (problem !== undefined) failures.push(`${name}: ${problem}`)
    process.stdout.write(`${problem === undefined ? path : `not reached: ${name}`}\n`)
  }
  for (const view of views)
    for (const size of view.sizes ?? (Object.keys(SIZES) as SizeName[]))
      await Promise.all(THEMES.map(theme => capture(view, size, theme)))
  return failures
}

type Variant = CaptureOptions & { size: SizeName; theme: Theme; path: string }

async function captureView(
  url: string,
  view: View,
  { browser, size, theme, path, scale }: Variant,
): Promise<undefined> {
  const isPhone = size === 'phone'
  const touch = { isMobile: isPhone, hasTouch: isPhone }
  const screen = { viewport: SIZES[size], colorScheme: theme, deviceScaleFactor: scale }
  const { page } = await openPage(browser, 'about:blank', { ...screen, ...touch, reducedMotion: 'reduce' })
  await using _context = { [Symbol.asyncDispose]: () => page.context().close() }
  page.setDefaultTimeout(STEP_TIMEOUT_MS)
  await page.addInitScript(stored => {
    for (const [key, value] of Object.entries(stored)) localStorage.setItem(key, value)
  }, view.storage ?? {})
  await view.serve?.(page)
  await page.goto(new URL(`/${view.hash ?? ''}`, url).href)
  await page.getByRole('banner').waitFor()
  await view.show?.(page, isPhone)
  await waitForImages(page)
  await page.screenshot({ path })
}

/** Waits until the images in view have been loaded, or have failed to. */
async function waitForImages(page: Page): Promise<void> {
  const areLoaded = () =>
    [...document.images]
      .filter(image => {
        const { top, bottom } = image.getBoundingClientRect()
        return bottom > 0 && top < innerHeight
      })
      .every(image => image.complete)
  await waitForFrames(page, 10)
  await page.waitForFunction(areLoaded)
  await waitForFrames(page, 10)
  await page.waitForFunction(areLoaded)
}
