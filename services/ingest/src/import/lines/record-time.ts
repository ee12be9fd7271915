import { parseTimestamp } from '@darkroom/contracts/history/time'
import type { TimeZone } from '@darkroom/contracts/history/time-zone'
import { RecordError } from '../record.ts'

export interface TimeOptions {
  /** Zone of times that have none. */
  timeZone: TimeZone
}

/** Numbers below are seconds, as ms they would be times before March 1973; those from the other on are after the year 9999. */
const [FIRST_MS, END_MS] = [100_000_000_000, Date.UTC(10_000, 0)]
const FIRST_YEAR = 1970

/**
 * Parses a time: a text, or a number of seconds or milliseconds since 1970.
 *
 * @returns the time in UTC with its microseconds; undefined if the value is absent
 * @throws RecordError
 */
export function parseRecordTime(value: unknown, key: string, { timeZone }: TimeOptions): string | undefined {
  if (value === undefined || value === '') return undefined
  const time = typeof value === 'string' ? parseText(value.trim(), timeZone) : parseNumber(value)
  if (time === undefined || Number(time.slice(0, 4)) < FIRST_YEAR)
    throw new RecordError(`${key}: is not a time from 1970 to 9999`)
  return time
}

function parseText(text: string, timeZone: TimeZone): string | undefined {
  const isNumber = /^\d{9,16}(?:\.\d+)?$/.test(text)
  return isNumber ? parseNumber(Number(text)) : parseTimestamp(text, timeZone)
}

function parseNumber(value: unknown): string | undefined {
  if (typeof value !== 'number' || !(value >= 0 && value < END_MS)) return undefined
  const micros = Math.round(value < FIRST_MS ? value * 1e6 : value * 1e3)
  const [seconds, fraction] = [Math.floor(micros / 1e6), micros % 1e6]
  return `${new Date(seconds * 1_000).toISOString().slice(0, -'000Z'.length)}${String(fraction).padStart(6, '0')}Z`
}
