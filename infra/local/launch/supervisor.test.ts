import { expect, test } from 'bun:test'
import { testDirectory } from '../../testing/test-resources.ts'
import { type Child, startChild } from '../process/child-process.ts'
import type { PartError } from '../process/server-process.ts'
import { type Supervised, supervise } from './supervisor.ts'

const QUICK = { firstPause: 10, longestPause: 20, deaths: 3, window: 10_000 }

/** Supervises a shell command; `started` gives each process that was started, in order. */
async function superviseShell(script: string) {
  const directory = await testDirectory()
  const children: Child[] = []
  const arrivals = Array.from({ length: 5 }, () => Promise.withResolvers<Child>())
  const failure = Promise.withResolvers<PartError>()
  const said: string[] = []
  const start = async () => {
    const output = { file: `${directory.path}/log` }
    const child = startChild({ command: ['/bin/sh', '-c', script], env: {}, output, stopSignal: 'SIGTERM' })
    arrivals[children.length]?.resolve(child)
    children.push(child)
    return { child, stop: () => child.stop(1_000) }
  }
  const supervised: Supervised = await supervise({
    name: 'the part',
    start,
    say: line => said.push(line),
    giveUp: failure.resolve,
    signal: AbortSignal.timeout(5_000),
    patience: QUICK,
  })
  return {
    said,
    children,
    failed: failure.promise,
    arrival: async (index: number) => await arrivals[index]?.promise,
    supervised,
    [Symbol.asyncDispose]: async () => {
      await supervised.stop()
      await directory[Symbol.asyncDispose]()
    },
  }
}

test('starts again what was killed, and says so', async () => {
  await using shell = await superviseShell('exec sleep 60')
  shell.children[0]?.kill()
  const second = await shell.arrival(1)
  expect(second?.running()).toBe(true)
  expect(second?.pid).not.toBe(shell.children[0]?.pid ?? 0)
  expect(shell.said[0]).toBe('the part ended (SIGKILL). It starts again in 0.01 s.')
})

test('gives up on what keeps dying, with its last lines, and does not start it once more', async () => {
  await using shell = await superviseShell('echo "no such setting"; exit 3')
  const error = await shell.failed
  expect(error.message).toBe('the part keeps dying. the part ended (exit 3).\nno such setting')
  expect(shell.children).toHaveLength(QUICK.deaths)
})

test('a stop is not a death: nothing is started again', async () => {
  await using shell = await superviseShell('exec sleep 60')
  await shell.supervised.stop()
  expect(shell.children.map(child => child.running())).toEqual([false])
  expect(shell.said).toEqual([])
})

test('a stop during the pause before a new start ends it', async () => {
  await using shell = await superviseShell('exit 1')
  await shell.children[0]?.exited
  await shell.supervised.stop()
  expect(shell.children.every(child => !child.running())).toBe(true)
})
