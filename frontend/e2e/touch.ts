import type { Locator, Page } from 'playwright-core'
import { waitForFrames } from './page-probes.ts'

interface Point {
  x: number
  y: number
}

/** Fingers on the screen. */
export interface Touch {
  /** Moves two fingers from one distance to another, around a point. */
  pinch(middle: Point, from: number, to: number): Promise<void>
  swipe(from: Point, to: Point): Promise<void>
  /** Presses the middle of an element until a condition is met. */
  press(target: Locator, until: () => Promise<unknown>): Promise<void>
}

const STEPS = 6

export async function createTouch(page: Page): Promise<Touch> {
  const cdp = await page.context().newCDPSession(page)
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', points: Point[]) =>
    cdp.send('Input.dispatchTouchEvent', { type, touchPoints: points.map((point, id) => ({ ...point, id })) })
  const drag = async (pointsAt: (share: number) => Point[]) => {
    await send('touchStart', pointsAt(0))
    for (let step = 1; step <= STEPS; step += 1) {
      await waitForFrames(page, 1)
      await send('touchMove', pointsAt(step / STEPS))
    }
    // The finger comes to rest: the browser suppresses a tap right after a fling.
    await waitForFrames(page, 8)
    await send('touchMove', pointsAt(1))
    await send('touchEnd', [])
    await waitForFrames(page)
  }
  return {
    pinch: ({ x, y }, from, to) =>
      drag(share => {
        const half = (from + (to - from) * share) / 2
        return [
          { x: x - half, y },
          { x: x + half, y },
        ]
      }),
    swipe: (from, to) => drag(share => [{ x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }]),
    press: async (target, until) => {
      const { x, y, width, height } = (await target.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 }
      await send('touchStart', [{ x: x + width / 2, y: y + height / 2 }])
      await until()
      await send('touchEnd', [])
      await waitForFrames(page)
    },
  }
}

/** Lists what a finger finds hard on the page as it is: targets smaller than 44 px, and a page that is wider than the screen. */
export async function listTouchProblems(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const least = 44
    const controls = 'button, a[href], select, input, textarea, summary, [role="slider"], [role="menuitem"]'
    const isHit = (target: Element, x: number, y: number) => {
      const element = document.elementFromPoint(x, y)
      return element !== null && target.contains(element)
    }
    /** Measures how far a finger hits a target from a point on, to both sides. */
    const measure = (target: Element, x: number, y: number, [dx, dy]: [number, number]) => {
      let length = 1
      for (const sign of [-1, 1])
        for (let step = 1; step < least && isHit(target, x + sign * step * dx, y + sign * step * dy); step += 1)
          length += 1
      return length
    }
    const isSmall = (target: Element) => {
      const { left, right, top, bottom, width, height } = target.getBoundingClientRect()
      const [x, y] = [(left + right) / 2, (top + bottom) / 2]
      // What is scrolled away, covered or there for screen readers alone is not a target now.
      if (width <= 2 || height <= 2 || top < 0 || left < 0 || right > innerWidth || bottom > innerHeight) return false
      if (!isHit(target, x, y)) return false
      // An edge between two pixels costs one.
      const isWide = width > least - 1 || measure(target, x, y, [1, 0]) >= least - 1
      const isHigh = height > least - 1 || measure(target, x, y, [0, 1]) >= least - 1
      return !isWide || !isHigh
    }
    const targets = [...document.querySelectorAll(controls)].map(control => control.closest('label') ?? control)
    const small = [...new Set(targets)].filter(isSmall).map(target => {
      const { width, height } = target.getBoundingClientRect()
      const name = target.getAttribute('aria-label') ?? target.textContent?.trim() ?? ''
      return `${Math.round(width)} × ${Math.round(height)}: ${target.className} “${name.slice(0, 40)}”`
    })
    const excess = document.documentElement.scrollWidth - innerWidth
    return excess > 0 ? [...small, `the page is ${excess} px wider than the screen`] : small
  })
}
