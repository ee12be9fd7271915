import { expect, test } from 'bun:test'
import type { FeedLocation, LocationPage, LocationRead } from '../../store/feed-location.ts'
import { EMPTY_WINDOW } from '../../store/generation-window.ts'
import { createAimedRead } from './aimed-read.ts'

const [MAY, JUNE, JULY] = ['2026-05-01', '2026-06-01', '2026-07-01'].map(at => ({ at })) as [
  FeedLocation,
  FeedLocation,
  FeedLocation,
]

test('reads one page at a time, and after it the one that is aimed at by then', async () => {
  const { aimedRead, reads, ended } = setUp()
  for (const location of [MAY, JUNE, JULY]) aimedRead.aim(location)
  expect(reads.map(({ location }) => location)).toEqual([MAY])
  expect(aimedRead.take(JULY)).toBeUndefined()
  await reads[0]?.finish()
  expect(reads.map(({ location }) => location)).toEqual([MAY, JULY])
  expect(ended).toEqual([MAY])
  aimedRead.aim(JULY)
  expect(reads.length).toBe(2)
})

test('leaves it to the caller to end a page that is taken, and ends one that is not', async () => {
  const { aimedRead, reads, ended } = setUp()
  aimedRead.aim(MAY)
  expect(aimedRead.take(MAY)?.location).toEqual(MAY)
  aimedRead.aim(undefined)
  expect(aimedRead.take(MAY)).toBeUndefined()
  expect(ended).toEqual([])
  await reads[0]?.finish()
  aimedRead.aim(JUNE)
  aimedRead.aim(undefined)
  expect(ended).toEqual([JUNE])
})

test('gives no page that is old, and reads on after one that failed', async () => {
  const { aimedRead, reads, ended, expire } = setUp()
  aimedRead.aim(MAY)
  await reads[0]?.fail()
  aimedRead.aim(JUNE)
  expect(reads.map(({ location }) => location)).toEqual([MAY, JUNE])
  expire()
  expect(aimedRead.take(JUNE)).toBeUndefined()
  expect(ended).toEqual([MAY, JUNE])
})

function setUp() {
  const reads: { location: FeedLocation; finish: () => Promise<void>; fail: () => Promise<void> }[] = []
  const ended: FeedLocation[] = []
  const timers: (() => void)[] = []
  const read = (location: FeedLocation): LocationRead => {
    const { promise, resolve, reject } = Promise.withResolvers<LocationPage>()
    const finish = async () => {
      resolve({ page: { generations: [], nextCursor: null, previousCursor: null } })
      await Bun.sleep(0)
    }
    const fail = async () => {
      reject(new Error('out of reach'))
      await Bun.sleep(0)
    }
    reads.push({ location, finish, fail })
    return { location, query: EMPTY_WINDOW.query, page: promise, end: () => void ended.push(location) }
  }
  const aimedRead = createAimedRead({ read, setTimer: callback => void timers.push(callback) })
  const expire = () => {
    for (const callback of timers) callback()
  }
  return { aimedRead, reads, ended, expire }
}
