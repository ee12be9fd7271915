import { sleep } from '../../src/runtime/timers.ts'
import type { Page } from '../kit/page.ts'

const neverAborted = new AbortController().signal
/** Frames after which a wait of the page ends with an error: about ten seconds. */
const MAX_FRAMES = 600

/** The scrubber's box on the page, and the position at which it shows the day being read. */
export interface Scrubber {
  x: number
  top: number
  height: number
  here: number
}

const READ_SCRUBBER = `(async () => {
  for (let frame = 0; frame < ${MAX_FRAMES}; frame++) {
    const here = document.querySelector('.scrubber-here')
    if (here) {
      const { left, width, top, height } = document.querySelector('.scrubber').getBoundingClientRect()
      const shown = here.getBoundingClientRect()
      return { x: Math.round(left + width / 2), top, height, here: Math.min(top + height - 2, shown.top + shown.height / 2) }
    }
    await new Promise(next => requestAnimationFrame(next))
  }
  throw new Error('there is no scrubber')
})()`

/** Finds the scrubber, once it is there. */
export async function readScrubber(page: Page): Promise<Scrubber> {
  return await page.evaluate<Scrubber>(READ_SCRUBBER)
}

/** Waits until the pages around the view are read, which is no part of the next sample. */
export async function waitForRest(page: Page): Promise<void> {
  await page.evaluate(REST)
}

const REST = `(async () => {
  for (let frame = 0, quiet = 0; quiet < 30; frame++) {
    if (frame > ${MAX_FRAMES}) throw new Error('the page does not come to rest')
    await new Promise(next => requestAnimationFrame(next))
    quiet = document.querySelector('.feed').getAttribute('aria-busy') === 'true' ? 0 : quiet + 1
  }
})()`

const STEP_MS = 16

/** Number of moves between the press and the release of the mouse, and the rest before the release in ms. */
export interface Hand {
  moves: number
  restMs: number
}

/** Moves the mouse to a share of the scrubber as a hand does, ever slower, and releases it. */
export async function dragScrubber(
  page: Page,
  { scrubber, share, hand }: { scrubber: Scrubber; share: number; hand: Hand },
): Promise<void> {
  const { x, top, height, here } = scrubber
  const { moves, restMs } = hand
  const to = Math.ceil(top + share * height)
  const from = moves === 0 ? to : here
  const send = (type: string, y: number, buttons: number) =>
    page.command('Input.dispatchMouseEvent', { type, x, y, buttons, button: 'left', clickCount: 1 })
  await send('mouseMoved', from, 0)
  await send('mousePressed', from, 1)
  for (let move = 1; move <= moves; move++) {
    void send('mouseMoved', to + (from - to) * (1 - move / moves) ** 3, 1)
    await sleep(STEP_MS, neverAborted)
  }
  if (restMs > 0) await sleep(restMs, neverAborted)
  await send('mouseReleased', to, 0)
  await send('mouseMoved', to, 0)
}
