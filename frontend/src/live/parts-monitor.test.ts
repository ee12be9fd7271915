import { expect, test } from 'bun:test'
import type { Parts } from '@darkroom/contracts/parts'
import { formatParts, parseParts } from './parts.ts'
import { createPartsMonitor } from './parts-monitor.ts'

const OK: Parts = { ingest: 'ok', processor: 'ok' }
const INGEST_AWAY: Parts = { ingest: 'away', processor: 'ok' }
const PROCESSOR_AWAY: Parts = { ingest: 'ok', processor: 'away' }

/** Creates a monitor that reads these answers one after the other. Its timer is run by `tick`. */
function setUp(answers: (Parts | null)[]) {
  const shown: (Parts | null)[] = []
  const timers: { callback: () => void; ms: number }[] = []
  const seen = { reads: 0, returns: 0, isVisible: true }
  const monitor = createPartsMonitor({
    fetchParts: async () => {
      seen.reads += 1
      return answers.shift() ?? null
    },
    onChange: parts => shown.push(parts),
    onIngestBack: () => {
      seen.returns += 1
    },
    isVisible: () => seen.isVisible,
    setTimer: (callback, ms) => timers.push({ callback, ms }),
  })
  const tick = async () => {
    timers.shift()?.callback()
    await new Promise(resolve => setTimeout(resolve, 0))
  }
  return { monitor, shown, timers, seen, tick }
}

test('does not poll while no part is away', async () => {
  const { monitor, shown, timers } = setUp([OK, null])
  await monitor.check()
  await monitor.check()
  expect(shown).toEqual([OK, null])
  expect(timers).toEqual([])
})

test('polls every 5 s while a part is away, and no longer', async () => {
  const { monitor, shown, timers, tick } = setUp([PROCESSOR_AWAY, PROCESSOR_AWAY, OK])
  await monitor.check()
  expect(timers.map(({ ms }) => ms)).toEqual([5_000])
  await tick()
  await tick()
  expect(shown).toEqual([PROCESSOR_AWAY, PROCESSOR_AWAY, OK])
  expect(timers).toEqual([])
})

test('goes on polling while the state is unknown after a part was away, and shows nothing then', async () => {
  const { monitor, shown, seen, tick } = setUp([INGEST_AWAY, null, OK])
  await monitor.check()
  await tick()
  await tick()
  expect(shown).toEqual([INGEST_AWAY, null, OK])
  expect(seen.returns).toBe(1)
})

test('reports once that submissions are taken again', async () => {
  const { monitor, seen, tick } = setUp([OK, INGEST_AWAY, INGEST_AWAY, OK, OK])
  await monitor.check()
  await monitor.check()
  expect(seen.returns).toBe(0)
  await tick()
  await tick()
  await monitor.check()
  expect(seen.returns).toBe(1)
})

test('does not read while the page is hidden, and reads at once when it is visible again', async () => {
  const { monitor, seen, timers, tick } = setUp([PROCESSOR_AWAY, OK])
  await monitor.check()
  seen.isVisible = false
  await tick()
  expect(seen.reads).toBe(1)
  expect(timers).toEqual([])
  seen.isVisible = true
  monitor.checkIfAway()
  expect(seen.reads).toBe(2)
})

test('reads once however often it is called meanwhile, and never after it was closed', async () => {
  const { monitor, seen, shown } = setUp([OK, OK])
  const checks = [monitor.check(), monitor.check()]
  monitor.close()
  await Promise.all(checks)
  await monitor.check()
  expect(seen.reads).toBe(1)
  expect(shown).toEqual([])
})

test.each([null, 'text', {}, { ingest: 'ok' }, { ingest: 'ok', processor: 'asleep' }])(
  'parses %j as unknown',
  value => {
    expect(parseParts(value)).toBeNull()
  },
)

test('says nothing while all is well or unknown, and names what cannot be done else', () => {
  expect([null, OK].map(formatParts)).toEqual([undefined, undefined])
  expect(formatParts(parseParts({ ingest: 'ok', processor: 'away' }))).toContain('New prompts are taken and wait')
  expect(formatParts({ ingest: 'away', processor: 'away' })).toContain('New prompts cannot be taken')
})
