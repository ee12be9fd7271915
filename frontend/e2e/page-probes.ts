import type { Page } from 'playwright-core'

/** What a page did at each frame since it has been watched. */
export interface ProbeResult {
  frameCount: number
  /** The most rows that were in the page at any moment. */
  maxRows: number
  /** Every place that the watched row had on the screen, in pixels from its top. */
  tops: number[]
  /** Whether the row has been the same element all the time. */
  isSameNode: boolean
  /** Whether the focus has been where it was all the time. */
  isSameFocus: boolean
  /** Pictures of the row that were loaded anew. */
  loaded: string[]
  /** The largest gap between rows that was in view. */
  maxGap: number
}

/** Watches a row, and what is in the page, at every frame until what is given back is called. */
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
    /** The largest part of the view, from the header to the composer, that no row covers. */
    const gapInView = () => {
      const bottom = document.querySelector('form')?.getBoundingClientRect().top ?? innerHeight
      const boxes = rows().map(article => article.getBoundingClientRect())
      let [covered, maxGap] = [64, 0]
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

/** Waits until so many frames have been drawn: what a change does, it has done. */
export async function waitForFrames(page: Page, count = 3): Promise<void> {
  await page.evaluate(async many => {
    for (let frame = 0; frame < many; frame += 1) await new Promise(resolve => requestAnimationFrame(resolve))
  }, count)
}

/** The rows that are in view, from top to bottom. */
export async function listRowsInView(page: Page): Promise<{ id: string; number: number; top: number }[]> {
  return await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('article')]
      .map(article => ({ article, box: article.getBoundingClientRect() }))
      .filter(({ box }) => box.bottom > 64 && box.top < innerHeight)
      // Those that fly past stand behind the others in the document.
      .toSorted((one, other) => one.box.top - other.box.top)
      .map(({ article, box }) => ({
        id: article.dataset.generationId ?? '',
        number: Number(/No\. (\d+)/.exec(article.textContent ?? '')?.[1]),
        top: box.top,
      })),
  )
}

/** The row that a person reads: the one in the middle of the view. */
export async function findReadRow(page: Page): Promise<string> {
  const rows = await listRowsInView(page)
  const row = rows.find(({ top }) => top >= 64) ?? rows[0]
  if (!row) throw new Error('there is no row in view')
  return row.id
}

/** How far the page is scrolled, and how far it can be. */
export async function getScroll(page: Page): Promise<{ top: number; end: number; height: number }> {
  return await page.evaluate(() => ({
    top: scrollY,
    end: document.documentElement.scrollHeight - innerHeight,
    height: document.documentElement.scrollHeight,
  }))
}

/** Scrolls as a wheel does, and waits for it. */
export async function scrollByWheel(page: Page, deltaY: number): Promise<void> {
  const before = await getScroll(page)
  const to = Math.min(Math.max(0, before.top + deltaY), before.end)
  await page.mouse.move(600, 400)
  await page.mouse.wheel(0, deltaY)
  if (to !== before.top) await page.waitForFunction(top => scrollY !== top, before.top)
  await waitForFrames(page)
}

/** What is drawn between the header and the composer. */
export async function captureFeed(page: Page): Promise<Buffer> {
  return await page.screenshot({ clip: { x: 0, y: 64, width: 1280, height: 560 }, animations: 'disabled' })
}

/** Every picture that is there has been drawn, and nothing is scrolling any more. */
export async function waitUntilSettled(page: Page): Promise<void> {
  await page.waitForFunction(() => [...document.images].every(image => image.complete))
  await page.mouse.move(5, 5)
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 300)))
  await page.waitForFunction(() => [...document.images].every(image => image.complete))
  await waitForFrames(page, 5)
}
