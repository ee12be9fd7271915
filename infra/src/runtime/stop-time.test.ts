import { expect, test } from 'bun:test'
import { readConfig } from '../config.ts'
import type { Log } from '../log.ts'
import { computeDrainSeconds, computeStopSeconds, warnOfShortStopTimeout } from './stop-time.ts'

test('a processor may take as long as a call that is paid for, the others as long as their proxies need', () => {
  const config = readConfig({
    GENERATION_MAX_SECONDS: '100',
    SHUTDOWN_GRACE_SECONDS: '7',
    SHUTDOWN_DELAY_SECONDS: '9',
  })
  expect(computeDrainSeconds(config)).toBe(117)
  expect(computeStopSeconds('processor', config)).toBe(132)
  expect(computeStopSeconds('ingest', config)).toBe(24)
  expect(computeStopSeconds('query', config)).toBe(24)
})

test.each([
  ['processor', { STOP_TIMEOUT_SECONDS: '748' }, undefined],
  ['processor', { STOP_TIMEOUT_SECONDS: '747' }, { seconds: 747, needed: 748 }],
  ['processor', { STOP_TIMEOUT_SECONDS: '780', GENERATION_MAX_SECONDS: '1800' }, { seconds: 780, needed: 1_828 }],
  ['processor', {}, undefined],
  ['query', { STOP_TIMEOUT_SECONDS: '30', SHUTDOWN_DELAY_SECONDS: '15' }, undefined],
  ['query', { STOP_TIMEOUT_SECONDS: '30', SHUTDOWN_DELAY_SECONDS: '16' }, { seconds: 30, needed: 31 }],
] as const)('%s with %j warns of %j', (service, env, expected) => {
  const lines: unknown[] = []
  const warn = ((fields: object, event: string) => void lines.push({ ...fields, event })) as Log['warn']
  warnOfShortStopTimeout(service, { config: readConfig(env), log: { warn } })
  const setting = { setting: 'STOP_TIMEOUT_SECONDS', event: 'stop_timeout_too_short' }
  expect(lines).toEqual(expected === undefined ? [] : [{ ...expected, ...setting }])
})
