import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createKeyboard } from './keyboard.ts'

beforeAll(() => {
  // There is no document here.
  Object.assign(globalThis, { HTMLTextAreaElement: class {}, Element: class {} })
})
afterAll(() => {
  for (const name of ['HTMLTextAreaElement', 'Element']) Reflect.deleteProperty(globalThis, name)
})

const NO_MODIFIERS = { shiftKey: false, ctrlKey: false, metaKey: false, altKey: false }

/** Presses a key, holds it down for a while, and lists what was run. */
function hold(key: string) {
  const runs: string[] = []
  const run = (action: string) => runs.push(action) > 0
  const press = createKeyboard({ isCovered: () => false, run })
  let prevented = 0
  const preventDefault = () => {
    prevented += 1
  }
  for (const repeat of [false, true, true]) {
    press({ ...NO_MODIFIERS, key, repeat, target: null, preventDefault } as unknown as KeyboardEvent)
  }
  return { runs, prevented }
}

test('runs an action once while its key is down, so that none is made or deleted by mistake', () => {
  for (const key of ['a', 'Delete', 'f', 'd', 'r', 'z']) {
    const { runs, prevented } = hold(key)
    expect([key, runs.length, prevented]).toEqual([key, 1, 3])
  }
})

test('runs what a key does that was kept from the browser before its code was there, and nothing for a used one', () => {
  const runs: string[] = []
  const press = createKeyboard({ isCovered: () => false, run: action => runs.push(action) > 0 })
  const event = { ...NO_MODIFIERS, key: '/', target: null, defaultPrevented: true, preventDefault: () => undefined }
  press(event as unknown as KeyboardEvent)
  expect(runs).toEqual([])
  press(event as unknown as KeyboardEvent, false)
  expect(runs).toEqual(['search'])
})

test('walks on while J or K is down', () => {
  expect(hold('j').runs).toEqual(['next-row', 'next-row', 'next-row'])
  expect(hold('k').runs).toHaveLength(3)
})
