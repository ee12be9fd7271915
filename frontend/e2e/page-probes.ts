import type { CDPSession, Page } from 'playwright-core'

/** Rules whose result depends on the theme. @see https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md */
export const COLOUR_RULES = ['color-contrast', 'link-in-text-block']

/** The observations of a page at each frame since the probe was started. */
export interface ProbeResult {
  frameCount: number
  /** Maximum number of rows in the page at any moment. */
  maxRows: number
  /** Every position that the row had on the screen, in pixels from its top. */
  tops: number[]
  /** Whether the row was the same element all the time. */
  isSameNode: boolean
  /** Whether the same element had the focus all the time. */
  isSameFocus: boolean
  /** URLs of the row's images that were loaded again. */
  loaded: string[]
  /** The largest gap between rows in view, in pixels. */
  maxGap: number
}

/** Starts observing a row and the page at every frame. @returns ends it */
export async function startProbe(page: Page, id: string): Promise<() => Promise<ProbeResult>> {
  const probe = await page.evaluateHandle(row => {
    const find = () => document.querySelector(`article[data-generation-id="${row}"]`)
    const rows = () => [...document.querySelectorAll('article')]
    const [node, focus] = [find(), document.activeElement]
    const seen = { frameCount: 0, maxRows: 0, maxGap: 0, isSameNode: node !== null, isSameFocus: true }
    const tops = new Set<number>()
    const loaded: string[] = []
    const count = () => {
      seen.maxRows = Math.max(seen.maxRows, rows().length)
    }
    const mutations = new MutationObserver(count)
    mutations.observe(document.body, { childList: true, subtree: true })
    const onLoad = ({ target }: Event) => {
      if (target instanceof HTMLImageElement && node?.contains(target)) loaded.push(target.currentSrc)
    }
    document.addEventListener('load', onLoad, true)
    const sample = () => {
      seen.frameCount += 1
      count()
      const top = find()?.getBoundingClientRect().top
      if (top !== undefined) tops.add(top)
      seen.isSameNode &&= find() === node
      seen.isSameFocus &&= document.activeElement === focus
      seen.maxGap = Math.max(seen.maxGap, gapInView())
      request = requestAnimationFrame(sample)
    }
    /** Returns the largest part of the view between the header and the composer that no row covers, in pixels. */
    const gapInView = () => {
      const bottom = document.querySelector('form.composer')?.getBoundingClientRect().top ?? innerHeight
      const boxes = rows().map(article => article.getBoundingClientRect())
      let [covered, maxGap] = [56, 0]
      for (const box of boxes.toSorted((a, b) => a.top - b.top)) {
        maxGap = Math.max(maxGap, Math.min(box.top, bottom) - covered)
        covered = Math.max(covered, box.bottom)
      }
      return Math.max(maxGap, bottom - covered)
    }
    let request = requestAnimationFrame(sample)
    const stop = () => {
      cancelAnimationFrame(request)
      mutations.disconnect()
      document.removeEventListener('load', onLoad, true)
      return { ...seen, tops: [...tops], loaded }
    }
    return { stop }
  }, id)
  return async () => await probe.evaluate(({ stop }) => stop())
}

/** Waits for a number of frames, after which a change has had its effect. */
export async function waitForFrames(page: Page, count = 3): Promise<void> {
  await page.evaluate(async many => {
    for (let frame = 0; frame < many; frame += 1) await new Promise(resolve => requestAnimationFrame(resolve))
  }, count)
}

/** Waits until the page has some of the code that is loaded after the first rows, by the names of its files. */
export async function waitForCode(page: Page, names: readonly string[] = ['after-rows']): Promise<void> {
  await page.waitForFunction(files => {
    const loaded = performance.getEntriesByType('resource').map(({ name }) => name)
    return files.every(file => loaded.some(url => url.includes(`/${file}-`)))
  }, names)
}

/** Lists the rows in view, from top to bottom. */
export async function listRowsInView(page: Page): Promise<{ id: string; number: number; top: number }[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('article')]
      .map(article => ({ article, box: article.getBoundingClientRect() }))
      .filter(({ box }) => box.bottom > 56 && box.top < innerHeight)
      // The rows of fast scrolling come after the others in the document.
      .toSorted((one, other) => one.box.top - other.box.top)
      .map(({ article, box }) => ({
        id: article.dataset.generationId ?? '',
        number: Number(/No\. (\d+)/.exec(article.textContent ?? '')?.[1]),
        top: box.top,
      })),
  )
}

/** Returns the id of the row that the user reads: the first that begins below the header. */
export async function findReadRow(page: Page): Promise<string> {
  const rows = await listRowsInView(page)
  const row = rows.find(({ top }) => top >= 56) ?? rows[0]
  if (!row) throw new Error('no row is in view')
  return row.id
}

/** Returns the scroll offset of the page, its maximum and the page's height, in pixels. */
export async function getScroll(page: Page): Promise<{ top: number; end: number; height: number }> {
  return await page.evaluate(() => ({
    top: scrollY,
    end: document.documentElement.scrollHeight - innerHeight,
    height: document.documentElement.scrollHeight,
  }))
}

/** Scrolls by a wheel event, and waits for its effect. */
export async function scrollByWheel(page: Page, deltaY: number): Promise<void> {
  const before = await getScroll(page)
  const to = Math.min(Math.max(0, before.top + deltaY), before.end)
  await page.mouse.move(600, 400)
  await page.mouse.wheel(0, deltaY)
  if (to !== before.top) await page.waitForFunction(top => scrollY !== top, before.top)
  await waitForFrames(page)
}

/** Captures the page between the header and the composer as a PNG. */
export async function captureFeed(page: Page): Promise<Buffer> {
  return await page.screenshot({ clip: { x: 0, y: 56, width: 1280, height: 560 }, animations: 'disabled' })
}

/** Waits until every image has been loaded and nothing scrolls any more. */
export async function waitUntilSettled(page: Page): Promise<void> {
  await page.waitForFunction(() => [...document.images].every(image => image.complete))
  await page.mouse.move(5, 5)
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 300)))
  await page.waitForFunction(() => [...document.images].every(image => image.complete))
  await waitForFrames(page, 5)
}

/** Waits until the address names the row under the header's edge. It is written a moment after a scroll. */
export async function waitForAddressOfView(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const edge = document.querySelector('header')?.getBoundingClientRect().bottom ?? 0
    const topOf = (row: Element) => row.getBoundingClientRect().top
    const above = [...document.querySelectorAll<HTMLElement>('article')].filter(row => topOf(row) <= edge)
    const row = above.toSorted((a, b) => topOf(b) - topOf(a))[0]
    return row !== undefined && location.hash === `#g=${row.dataset.generationId}`
  })
}

/** Delays the responses with pages beyond the window until they are released. */
export async function delayPages(page: Page) {
  let isRequested = false
  const released = Promise.withResolvers<void>()
  await page.route(/\/api\/generations\?.*cursor=/, async route => {
    isRequested = true
    await released.promise
    await route.continue()
  })
  return { isRequested: () => isRequested, release: () => released.resolve() }
}

/** Sends wheel events as fast as a free-running wheel does, four a frame, without waiting for their effect. */
export async function spinWheel(cdp: CDPSession, times: number, deltaY: number): Promise<void> {
  const turn = { type: 'mouseWheel', x: 600, y: 400, deltaX: 0, deltaY } as const
  const turns: Promise<unknown>[] = []
  for (let time = 0; time < times; time += 1) {
    turns.push(cdp.send('Input.dispatchMouseEvent', turn))
    await Bun.sleep(4)
  }
  await Promise.all(turns)
}

/** Returns the length of the longest run of values that meet a condition. */
export function longestRun<T>(list: readonly T[], is: (one: T) => boolean): number {
  let [longest, run] = [0, 0]
  for (const one of list) {
    run = is(one) ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}
