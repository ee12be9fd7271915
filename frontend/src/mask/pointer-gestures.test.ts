import { expect, test } from 'bun:test'
import { fitView, panBy, toImagePoint, toStagePoint, zoomAt } from './mask-view.ts'
import { createPointerGestures, type StagePointer } from './pointer-gestures.ts'

function setUp() {
  const log: string[] = []
  const gestures = createPointerGestures({
    onPaintStart: ({ x, y }) => log.push(`start ${x} ${y}`),
    onPaint: ({ x, y }) => log.push(`paint ${x} ${y}`),
    onPaintEnd: () => log.push('end'),
    onPaintCancel: () => log.push('cancel'),
    onPan: ({ x, y }) => log.push(`pan ${x} ${y}`),
    onZoom: ({ x, y }, factor) => log.push(`zoom ${x} ${y} ${factor}`),
  })
  return { gestures, log }
}

function pointer(type: string, id: number, x = 0, y = 0): StagePointer {
  return { type, id, x, y, pressure: 0.5 }
}

test('paints with a pointer, and moves the image with another button', () => {
  const { gestures, log } = setUp()
  gestures.down(pointer('mouse', 1, 1, 2))
  gestures.move(pointer('mouse', 1, 3, 4))
  gestures.up(pointer('mouse', 1))
  gestures.move(pointer('mouse', 1, 9, 9))
  gestures.down(pointer('mouse', 1, 5, 5), true)
  gestures.move(pointer('mouse', 1, 7, 4))
  gestures.up(pointer('mouse', 1))
  expect(log).toEqual(['start 1 2', 'paint 3 4', 'end', 'pan 2 -1'])
})

test('paints with a finger, and takes the stroke back when a second one comes', () => {
  const { gestures, log } = setUp()
  gestures.down(pointer('touch', 1, 0, 0))
  gestures.down(pointer('touch', 2, 10, 0))
  gestures.move(pointer('touch', 2, 20, 0))
  gestures.up(pointer('touch', 2))
  gestures.move(pointer('touch', 1, 5, 5))
  gestures.up(pointer('touch', 1))
  gestures.down(pointer('touch', 3, 1, 1))
  expect(log).toEqual(['start 0 0', 'cancel', 'pan 5 0', 'zoom 10 0 2', 'start 1 1'])
})

test('ignores the palm while a pen is down, and moves the image with a finger after it', () => {
  const { gestures, log } = setUp()
  gestures.down(pointer('touch', 1, 0, 0))
  gestures.down(pointer('pen', 2, 4, 4))
  gestures.move(pointer('touch', 1, 3, 3))
  gestures.down(pointer('touch', 3, 8, 8))
  gestures.move(pointer('pen', 2, 5, 5))
  gestures.up(pointer('pen', 2))
  gestures.up(pointer('touch', 1))
  gestures.up(pointer('touch', 3))
  gestures.down(pointer('touch', 4, 1, 1))
  gestures.move(pointer('touch', 4, 2, 3))
  expect(log).toEqual(['start 0 0', 'cancel', 'start 4 4', 'paint 5 5', 'end', 'pan 1 2'])
})

test('takes a stroke back that the system interrupts', () => {
  const { gestures, log } = setUp()
  gestures.down(pointer('pen', 2, 4, 4))
  gestures.cancel(pointer('pen', 2))
  expect(log).toEqual(['start 4 4', 'cancel'])
})

test('zooms at a point, which stays, and always leaves a part of the image in view', () => {
  const stage = { width: 800, height: 600 }
  const image = { width: 1600, height: 600 }
  const fitted = fitView(stage, image)
  expect(fitted).toEqual({ scale: 0.5, x: 0, y: 150 })
  const at = { x: 200, y: 250 }
  const zoomed = zoomAt(fitted, at, 4, stage, image)
  expect(zoomed.scale).toBe(2)
  expect(toImagePoint(zoomed, at)).toEqual(toImagePoint(fitted, at))
  expect(toStagePoint(zoomed, toImagePoint(zoomed, { x: 7, y: 9 }))).toEqual({ x: 7, y: 9 })
  expect(panBy(zoomed, { x: -100_000, y: 100_000 }, stage, image)).toMatchObject({ x: 64 - 3200, y: 600 - 64 })
  expect(zoomAt(fitted, at, 1e9, stage, image).scale).toBe(32)
})
