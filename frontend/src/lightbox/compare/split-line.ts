import { cornerOf, shownSize, type ZoomFrame, type ZoomView } from '../zoom/zoom.ts'

/** The line between A and B, in CSS pixels: its offset, the part of the viewport that it can be moved in, its top and its height. */
export interface LinePosition {
  at: number
  start: number
  length: number
  top: number
  height: number
}

/** Returns the position of the line: at a share of the visible part of the image. */
export function linePosition(frame: ZoomFrame, view: ZoomView, split: number): LinePosition {
  const corner = cornerOf(frame, view)
  const size = shownSize(frame, view.scale)
  const [start, length] = visiblePart(corner.x, size.width, frame.viewport.width)
  const [top, height] = visiblePart(corner.y, size.height, frame.viewport.height)
  return { at: start + split * length, start, length, top, height }
}

/** Returns the start and the length of the part of something that lies in the viewport. */
function visiblePart(start: number, length: number, viewport: number): [start: number, length: number] {
  const from = Math.max(0, start)
  return [from, Math.max(0, Math.min(viewport, start + length) - from)]
}

const STEP = 0.01
const LARGE_STEP = 0.1

/** Returns the share to which a key moves the line, from 0 to 1: arrow keys by 1 %, with Shift by 10 %; undefined for other keys. */
export function moveSplit(
  split: number,
  { key, shiftKey }: Pick<KeyboardEvent, 'key' | 'shiftKey'>,
): number | undefined {
  const step = shiftKey ? LARGE_STEP : STEP
  const moved = {
    ...{ ArrowLeft: split - step, ArrowDown: split - step, ArrowRight: split + step, ArrowUp: split + step },
    ...{ PageDown: split - LARGE_STEP, PageUp: split + LARGE_STEP, Home: 0, End: 1 },
  }[key]
  // Many steps of 0.01 would add up to 0.4999….
  return moved === undefined ? undefined : Math.round(Math.min(1, Math.max(0, moved)) * 100) / 100
}
