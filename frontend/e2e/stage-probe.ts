import type { Locator, Page } from 'playwright-core'

interface Point {
  x: number
  y: number
}

interface Size {
  width: number
  height: number
}

/** The stage of the mask editor, as a test uses it. Points are in CSS pixels of the window. */
export interface StageProbe {
  area: Locator
  box: Point & Size
  /** Side of the image when it is shown whole. */
  side: number
  /** Returns a point of the image by its shares of width and height, in whole pixels of the window. */
  at(across: number, down: number): Point
  /** Returns points in pixels of the image while it is shown whole. */
  toImage(points: readonly Point[]): Point[]
  /** Reads the radius of the brush, in pixels of the image. */
  radius(): Promise<number>
  imageWidth(): Promise<number>
  drag(points: readonly Point[]): Promise<void>
  dragPointer(type: 'touch' | 'pen', id: number, points: readonly Point[], options?: { palm?: Point }): Promise<void>
  /** Puts two fingers down and doubles their distance. */
  pinch(fingers: readonly [Point, Point]): Promise<void>
}

/** A mask that is painted from distances alone: an expectation that shares no code with the editor. */
export interface ExpectedMask {
  paint(points: readonly Point[], radius: number): void
  erase(points: readonly Point[], radius: number): void
  invert(): void
  countDifferences(pixels: Uint8Array): number
}

const IMAGE_SIDE = 512

/** Reads where the stage and its square image are. */
export async function openStageProbe(page: Page): Promise<StageProbe> {
  const area = page.getByRole('application')
  await area.waitFor()
  const box = await area.boundingBox()
  if (!box) throw new Error('the stage has no box')
  const side = Math.min(box.width, box.height, IMAGE_SIDE * 4)
  const origin = { x: box.x + (box.width - side) / 2, y: box.y + (box.height - side) / 2 }
  const dispatch = (events: readonly PointerStep[]) => area.evaluate(dispatchSteps, events)
  return {
    ...{ area, box, side },
    at: (across, down) => ({ x: Math.round(origin.x + across * side), y: Math.round(origin.y + down * side) }),
    toImage: points =>
      points.map(({ x, y }) => ({ x: ((x - origin.x) * IMAGE_SIDE) / side, y: ((y - origin.y) * IMAGE_SIDE) / side })),
    radius: async () => Number(await page.locator('.mask-diameter').textContent()) / 2,
    imageWidth: async () => (await page.locator('.mask-image').boundingBox())?.width ?? 0,
    drag: points => dragMouse(page, points),
    dragPointer: (type, id, points, { palm } = {}) => {
      const touch = { type: 'touch', id: id + 1 } as const
      const rest = palm ? [{ ...touch, name: 'pointerdown', ...palm }] : []
      const lift = palm ? [{ ...touch, name: 'pointerup', ...palm }] : []
      return dispatch([...createDrag(type, id, points).toSpliced(1, 0, ...rest), ...lift])
    },
    pinch: ([first, second]) => {
      const end = { x: second.x + (second.x - first.x), y: second.y }
      const finger = (id: number, name: string, point: Point) => ({ type: 'touch', id, name, ...point })
      return dispatch([
        finger(31, 'pointerdown', first),
        finger(32, 'pointerdown', second),
        finger(32, 'pointermove', end),
        finger(32, 'pointerup', end),
        finger(31, 'pointerup', first),
      ])
    },
  }
}

/** Creates an empty mask. */
export function createExpectedMask({ width, height }: Size): ExpectedMask {
  const marked = new Uint8Array(width * height)
  const fill = (points: readonly Point[], radius: number, value: number) => {
    for (let index = 0; index < marked.length; index += 1) {
      const pixel = { x: (index % width) + 0.5, y: Math.floor(index / width) + 0.5 }
      if (points.some((end, at) => distance(pixel, points[at - 1] ?? end, end) <= radius)) marked[index] = value
    }
  }
  return {
    paint: (points, radius) => fill(points, radius, 255),
    erase: (points, radius) => fill(points, radius, 0),
    invert: () => {
      for (let index = 0; index < marked.length; index += 1) marked[index] = 255 - (marked[index] ?? 0)
    },
    countDifferences: pixels => {
      if (pixels.length !== marked.length) throw new Error(`${pixels.length} pixels instead of ${marked.length}`)
      return marked.reduce((count, value, index) => count + (pixels[index] === value ? 0 : 1), 0)
    },
  }
}

interface PointerStep extends Point {
  name: string
  type: string
  id: number
}

function createDrag(type: string, id: number, points: readonly Point[]): PointerStep[] {
  const [first, ...rest] = points
  const last = points.at(-1)
  if (!first || !last) return []
  return [
    { type, id, name: 'pointerdown', ...first },
    ...rest.map(point => ({ type, id, name: 'pointermove', ...point })),
    { type, id, name: 'pointerup', ...last },
  ]
}

async function dragMouse(page: Page, [first, ...rest]: readonly Point[]): Promise<void> {
  if (!first) return
  await page.mouse.move(first.x, first.y)
  await page.mouse.down()
  for (const { x, y } of rest) await page.mouse.move(x, y)
  await page.mouse.up()
}

/** Dispatches pointer events in the page: Playwright has no pen. */
function dispatchSteps(node: Element, steps: readonly PointerStep[]): void {
  for (const { name, type, id, x, y } of steps) {
    const init = { pointerType: type, pointerId: id, clientX: x, clientY: y, pressure: 0.5, bubbles: true }
    node.dispatchEvent(new PointerEvent(name, { ...init, button: name === 'pointermove' ? -1 : 0, cancelable: true }))
  }
}

function distance(pixel: Point, start: Point, end: Point): number {
  const along = { x: end.x - start.x, y: end.y - start.y }
  const square = along.x ** 2 + along.y ** 2
  const share = square === 0 ? 0 : ((pixel.x - start.x) * along.x + (pixel.y - start.y) * along.y) / square
  const nearest = Math.min(1, Math.max(0, share))
  return Math.hypot(pixel.x - start.x - nearest * along.x, pixel.y - start.y - nearest * along.y)
}
