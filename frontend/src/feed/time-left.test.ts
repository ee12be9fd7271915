import { expect, test } from 'bun:test'
import { listTimeLeft } from './time-left.ts'

test('the texts follow each other without a gap, from the estimate until it takes longer than usual', () => {
  for (const [seconds, elapsed] of [
    [40, 0],
    [3, 0],
    [240, 100],
  ] as const) {
    const texts = listTimeLeft(seconds, elapsed)
    expect(texts[0]?.from).toBeLessThanOrEqual(0)
    expect(texts.at(-1)?.until).toBe(seconds * 1.25 - elapsed)
    for (const [index, text] of texts.slice(1).entries()) expect(text.from).toBe(texts[index]?.until ?? Number.NaN)
  }
})

test('says about how much is left, and in the end that it may come any moment', () => {
  const labels = listTimeLeft(20, 0).map(({ label }) => label)
  expect(labels).toEqual([
    'about 20 s left',
    'about 15 s left',
    'about 10 s left',
    'a few seconds left',
    'any moment now',
  ])
})

test('leaves out what is over', () => {
  expect(listTimeLeft(20, 12)[0]?.label).toBe('about 10 s left')
  expect(listTimeLeft(20, 30)).toEqual([])
})
