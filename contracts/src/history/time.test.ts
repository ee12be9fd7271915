import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { isDay, isTimestamp, parseTime } from './time.ts'

test('parses times with a zone, and those without one as UTC', () => {
  for (const text of [
    '2024-05-06T07:08:09Z',
    '2024-05-06 07:08:09',
    '2024-05-06T07:08:09.000',
    '2024-05-06 07:08:09.000000+00',
    '2024-05-06T09:08:09+02:00',
    '2024-05-06T03:38:09-0330',
    'Mon, 06 May 2024 07:08:09 GMT',
    '6 May 2024 09:08:09 +0200',
  ])
    expect([text, parseTime(text)?.toISOString()]).toEqual([text, '2024-05-06T07:08:09.000Z'])
  expect(parseTime('2024-05-06')?.toISOString()).toBe('2024-05-06T00:00:00.000Z')
  expect(parseTime('2024-05-06T07:08')?.toISOString()).toBe('2024-05-06T07:08:00.000Z')
  expect(parseTime('2024-05-06T07:08:09.1239Z')?.toISOString()).toBe('2024-05-06T07:08:09.123Z')
})

test('a time that there never was is none', () => {
  for (const text of [
    ...['2026-02-30', '2026-02-29T00:00:00Z', '2026-04-31', '2026-13-01', '2026-00-10', '2026-01-00', '0000-01-01'],
    ...['2026-01-01T24:00:00Z', '2026-01-01T23:60:00Z', '2026-06-30T23:59:60Z', '2026-01-01T00:00:00+25:00'],
    ...['2026-99-99T99:99:99Z', '10000-01-01', '275760-09-13', '+010000-01-01T00:00:00Z', '-000001-01-01T00:00:00Z'],
    ...[
      '',
      '1',
      'now',
      'tomorrow',
      '2026',
      '2026-01',
      'Mon, 30 Foo 2026 00:00:00 GMT',
      '30 Feb 2026 00:00:00 GMT',
      '2026-01-01\u0000',
    ],
  ])
    expect([text, parseTime(text)]).toEqual([text, undefined])
})

test('a timestamp is as the studio writes it, and exists', () => {
  const isValid = (text: string) => expect([text, isTimestamp(text)])
  for (const text of ['2026-01-01T00:00:00.000000Z', '0001-01-01T00:00:00.000000Z', '9999-12-31T23:59:59.999999Z'])
    isValid(text).toEqual([text, true])
  for (const time of ['2026-99-99T99:99:99', '2026-02-30T00:00:00', '0000-01-01T00:00:00', '2026-01-01T24:00:00'])
    isValid(`${time}.000000Z`).toEqual([`${time}.000000Z`, false])
  for (const text of ['2026-01-01T00:00:00.000Z', '2026-01-01', '2026-01-01 00:00:00.000000Z', ''])
    isValid(text).toEqual([text, false])
})

test('every day that Date writes exists, and no other of the same month', () => {
  const years = { min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true }
  fc.assert(fc.property(fc.date(years), date => expect(isDay(date.toISOString().slice(0, 10))).toBe(true)))
  fc.assert(
    fc.property(fc.date(years), fc.integer({ min: 29, max: 99 }), (date, day) => {
      const text = `${date.toISOString().slice(0, 8)}${day}`
      const last = new Date(Date.UTC(2000, date.getUTCMonth() + 1, 0)).getUTCDate()
      if (day > last) expect(isDay(text)).toBe(false)
    }),
  )
})
