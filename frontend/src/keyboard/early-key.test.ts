import { afterAll, beforeAll, expect, test } from 'bun:test'
import { isPrevented, isQueued } from './early-key.ts'

/** An element that matches the selectors which contain any of its names. */
class TestElement {
  value = ''
  readonly names: readonly string[]
  constructor(...names: string[]) {
    this.names = names
  }
  matches = (selector: string) => this.names.some(name => selector.includes(name))
  closest = (selector: string) => (this.matches(selector) ? this : null)
}

beforeAll(() => {
  // There is no document here.
  Object.assign(globalThis, { Element: TestElement })
})
afterAll(() => {
  Reflect.deleteProperty(globalThis, 'Element')
})

function press(key: string, target: TestElement | null = null, modifiers: object = {}) {
  const event = { key, target, altKey: false, ctrlKey: false, metaKey: false, ...modifiers } as unknown as KeyboardEvent
  return [isQueued(event), isPrevented(event)]
}

test('keeps a first key from the browser, so that it is not typed into the field that it focuses', () => {
  for (const key of ['/', 'g', 'J', '?']) expect(press(key)).toEqual([true, true])
  expect(press('a', null, { ctrlKey: true })).toEqual([true, true])
  const prompt = new TestElement('.composer textarea', 'textarea')
  for (const key of ['/', '?']) expect(press(key, prompt)).toEqual([true, true])
  prompt.value = 'a boat'
  expect(press('/', prompt)).toEqual([true, false])
})

test('leaves the browser what is typed, and its own keys', () => {
  expect(press('g', new TestElement('textarea'))).toEqual([true, false])
  expect(press('r', null, { metaKey: true })).toEqual([true, false])
  for (const key of ['Escape', 'Tab', 'PageDown']) expect(press(key)).toEqual([true, false])
})

test('lets a control be pressed at once, and an image wait for what the key does with it', () => {
  for (const key of ['Enter', ' ']) {
    expect(press(key, new TestElement('button'))).toEqual([false, false])
    expect(press(key, new TestElement('[data-output-index]'))).toEqual([true, true])
  }
})
