import { expect, test } from 'bun:test'
import { findKeyBinding, KEY_BINDINGS, type PressedKey } from './key-bindings.ts'

function press(key: string, modifiers: Partial<PressedKey> = {}) {
  return findKeyBinding({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...modifiers })?.action
}

test('no key is bound twice, and no letter is upper case', () => {
  const bound = KEY_BINDINGS.flatMap(({ keys, shift, control }) => keys.map(key => `${key} ${shift} ${control}`))
  expect(new Set(bound).size).toBe(bound.length)
  expect(bound).toEqual(bound.map(key => key.toLowerCase()))
  const actions = KEY_BINDINGS.map(({ action }) => action)
  expect(new Set(actions).size).toBe(actions.length)
})

test('finds an action by what a key types, on any layout', () => {
  expect([press('/'), press('/', { shiftKey: true }), press('?', { shiftKey: true })]).toEqual([
    'search',
    'search',
    'keys',
  ])
  expect([press('x'), press('X'), press('X', { shiftKey: true })]).toEqual(['select', 'select', 'select-range'])
})

test('leaves the keys of the browser alone', () => {
  for (const key of ['f', 'd', 'r', 'g', 'j', 'z', 'x'])
    expect([press(key, { ctrlKey: true }), press(key, { metaKey: true })]).toEqual([undefined, undefined])
  expect(press('d', { altKey: true })).toBeUndefined()
  expect([press('a', { ctrlKey: true }), press('a', { metaKey: true })]).toEqual(['select-loaded', 'select-loaded'])
  expect(press('ArrowDown')).toBeUndefined()
})
