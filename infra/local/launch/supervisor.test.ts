import { expect, test } from 'bun:test'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { type ChildProcess, startChildProcess } from '../process/child-process.ts'
import type { StartError } from '../process/server-process.ts'
import { type Stoppable, supervise } from './supervisor.ts'

const FAST_RESTARTS = { initialDelayMs: 10, maxDelayMs: 20, maxExits: 3, windowMs: 10_000 }

/** Supervises a shell command. `children` are the started processes, in order. */
async function superviseShell(script: string) {
  const directory = await createTestDirectory()
  const children: ChildProcess[] = []
  const starts = Array.from({ length: 5 }, () => Promise.withResolvers<ChildProcess>())
  const failure = Promise.withResolvers<StartError>()
  const messages: string[] = []
  const start = async () => {
    const output = { file: `${directory.path}/log` }
    const child = startChildProcess({ command: ['/bin/sh', '-c', script], env: {}, output, stopSignal: 'SIGTERM' })
    starts[children.length]?.resolve(child)
    children.push(child)
    return { child, stop: () => child.stop(1_000) }
  }
  const supervised: Stoppable = await supervise({
    name: 'the part',
    start,
    onMessage: line => messages.push(line),
    onFatal: failure.resolve,
    signal: AbortSignal.timeout(5_000),
    restartPolicy: FAST_RESTARTS,
  })
  return {
    messages,
    children,
    failed: failure.promise,
    waitForStart: async (index: number) => await starts[index]?.promise,
    supervised,
    [Symbol.asyncDispose]: async () => {
      await supervised.stop()
      await directory[Symbol.asyncDispose]()
    },
  }
}

test('restarts a killed process and reports it', async () => {
  await using shell = await superviseShell('exec sleep 60')
  shell.children[0]?.kill()
  const second = await shell.waitForStart(1)
  expect(second?.isRunning()).toBe(true)
  expect(second?.pid).not.toBe(shell.children[0]?.pid ?? 0)
  expect(shell.messages[0]).toBe('the part ended (SIGKILL). It starts again in 0.01 s.')
})

test('gives up at the maximum of exits, with the last lines, and does not restart again', async () => {
  await using shell = await superviseShell('echo "no such setting"; exit 3')
  const error = await shell.failed
  expect(error.message).toBe('the part keeps dying. the part ended (exit 3).\nno such setting')
  expect(shell.children).toHaveLength(FAST_RESTARTS.maxExits)
})

test('does not restart after a stop', async () => {
  await using shell = await superviseShell('exec sleep 60')
  await shell.supervised.stop()
  expect(shell.children.map(child => child.isRunning())).toEqual([false])
  expect(shell.messages).toEqual([])
})

test('a stop during the pause before a restart ends the pause', async () => {
  await using shell = await superviseShell('exit 1')
  await shell.children[0]?.exited
  await shell.supervised.stop()
  expect(shell.children.every(child => !child.isRunning())).toBe(true)
})
