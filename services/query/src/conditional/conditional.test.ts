import { expect, test } from 'bun:test'
import { MAX_LINEAR_GROWTH, measureCpu } from '@darkroom/infra/testing/measure-cpu'
import { parseByteRange } from './byte-range.ts'
import { namesEntityTag } from './entity-tags.ts'
import { parseHttpDate } from './http-date.ts'

const NOW = Date.UTC(2026, 0, 1)

test.each([
  ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ['Sunday, 06-Nov-33 08:49:37 GMT', '2033-11-06T08:49:37Z'],
  ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
  ['Sun, 06 Nov 1994 08:49:37', null],
  ['Sun, 06 Nov 1994 08:49:37 CET', null],
  ['Sun, 06 Foo 1994 08:49:37 GMT', null],
  ['Sun, 32 Nov 1994 08:49:37 GMT', null],
  ['1994-11-06T08:49:37Z', null],
])('reads the date %s', (text, time) => {
  expect(parseHttpDate(text, NOW) ?? null).toBe(time === null ? null : Date.parse(time) / 1_000)
})

test.each<[string, boolean, boolean]>([
  ['"a"', true, true],
  ['W/"a"', true, false],
  ['"b,c" , W/"d","a"', true, true],
  ['"b\\"a"', false, false],
  ['a', false, false],
  ['', false, false],
  ['*', true, true],
])('the list of tags %s names "a": %s, and by strong comparison: %s', (header, weak, strong) => {
  expect([namesEntityTag(header, '"a"', 'weak'), namesEntityTag(header, '"a"', 'strong')]).toEqual([weak, strong])
})

test.each<[string, unknown]>([
  ['bytes=0-0', { start: 0, end: 0 }],
  ['Bytes = 2 - 4', { start: 2, end: 4 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-99', { start: 0, end: 9 }],
  ['bytes=-0', 'range'],
  ['bytes=10-', 'range'],
  ['bytes=10-,-0', 'range'],
  ['bytes=10-,1-2', { start: 1, end: 2 }],
  ['bytes=0-1,3-4', null],
  ['bytes=4-2', null],
  ['bytes=', null],
  ['bytes=-', null],
  ['bytes=1', null],
  ['bytes=1-2-3', null],
  ['lines=1-2', null],
])('reads the range %s of ten bytes', (header, expected) => {
  const read = () => {
    try {
      return parseByteRange(header, 10)
    } catch (error) {
      return (error as { code: string }).code
    }
  }
  expect(read()).toEqual(expected as ReturnType<typeof read>)
})

test('reads long headers of tags and of ranges in linear time', () => {
  const measure = (length: number) => {
    const blanks = ' '.repeat(length)
    return measureCpu(() => {
      namesEntityTag(`"x${blanks}W/"${blanks}W/`.repeat(3), '"a"', 'weak')
      parseByteRange(`bytes=${`${blanks}1${blanks}-`.repeat(3)}`, 10)
    })
  }
  const before = measure(10_000)
  expect(measure(80_000) / before).toBeLessThan(MAX_LINEAR_GROWTH)
})
