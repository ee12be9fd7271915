import { expect, test } from 'bun:test'
import { divideVerbs } from './verb-entries.ts'

const item = (label: string) => ({ label, run: () => undefined })

test('makes buttons of the verbs that are used often, and leaves the others to the menu', () => {
  const verbs = ['Vary', 'Use as reference', 'Edit in words', 'Change part', 'Upscale', 'Animate'].map(item)
  const { reference, frequent, others } = divideVerbs(verbs)
  expect(reference?.label).toBe('Use as reference')
  expect(frequent.map(({ label }) => label)).toEqual(['Change part', 'Upscale'])
  expect(others.map(({ label }) => label)).toEqual(['Vary', 'Edit in words', 'Animate'])
})
