import { expect, test } from 'bun:test'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { type ChildProcess, startChildProcess } from '../process/child-process.ts'
import { waitUntil } from '../process/wait-until.ts'
import { type Stoppable, supervise } from './supervisor.ts'

const FAST_RESTARTS = { initialDelayMs: 10, maxDelayMs: 20, resetAfterMs: 600_000 }

/** Supervises a shell command. `children` are the started processes, in order. */
async function superviseShell(script: string, { isFirstStartRequired = true, failingStarts = 0 } = {}) {
  const directory = await createTestDirectory()
  const ran = `${directory.path}/ran`
  const children: ChildProcess[] = []
  const messages: string[] = []
  let starts = 0
  const start = async () => {
    starts += 1
    if (starts <= failingStarts) throw new Error(`start ${starts} failed`)
    const output = { file: `${directory.path}/log` }
    const child = startChildProcess({
      command: ['/bin/sh', '-c', script],
      env: { RAN: ran },
      output,
      stopSignal: 'SIGTERM',
    })
    children.push(child)
    return { child, stop: () => child.stop(60_000) }
  }
  const onMessage = (line: string) => void messages.push(line)
  const signal = AbortSignal.timeout(60_000)
  const options = { name: 'the part', start, onMessage, signal, isFirstStartRequired, restartPolicy: FAST_RESTARTS }
  const supervised: Stoppable = await supervise(options).catch(async error => {
    await directory[Symbol.asyncDispose]()
    throw error
  })
  const waitForMessage = (text: string) => {
    const wait = { what: `"${text}" among ${messages.join('|')}`, milliseconds: 60_000, signal, intervalMs: 5 }
    return waitUntil(async () => messages.find(message => message.includes(text)), wait)
  }
  const waitForFile = () =>
    waitUntil(async () => (await Bun.file(ran).exists()) || undefined, {
      what: ran,
      milliseconds: 60_000,
      signal,
      intervalMs: 5,
    })
  return {
    messages,
    children,
    waitForMessage,
    waitForFile,
    supervised,
    [Symbol.asyncDispose]: async () => {
      await supervised.stop()
      await directory[Symbol.asyncDispose]()
    },
  }
}

test('restarts a killed process and reports it', async () => {
  await using shell = await superviseShell('exec sleep 600')
  shell.children[0]?.kill()
  await shell.waitForMessage('the part runs again.')
  expect(shell.children[1]?.isRunning()).toBe(true)
  expect(shell.messages).toEqual(['the part ended (SIGKILL). It starts again in 0.01 s.', 'the part runs again.'])
})

test('restarts a process that keeps exiting without end, and reports it ever more rarely', async () => {
  await using shell = await superviseShell('echo "no such setting"; exit 3')
  await shell.waitForMessage('That was 16 times in a row.')
  await shell.supervised.stop()
  const exits = shell.messages.filter(message => message.startsWith('the part ended'))
  expect(exits).toEqual([
    'the part ended (exit 3). It starts again in 0.01 s.',
    ...[2, 4, 8, 16].map(n => `the part ended (exit 3). That was ${n} times in a row. It starts again in 0.02 s.`),
  ])
  expect(shell.children.length).toBeGreaterThanOrEqual(16)
})

test('shows the last lines of the process at the first exit, and now and then again', async () => {
  await using shell = await superviseShell('echo "no such setting"; exit 3')
  await shell.waitForMessage('That was 8 times in a row.')
  await shell.supervised.stop()
  expect(shell.messages.filter(message => message === '  no such setting')).toHaveLength(2)
  expect(shell.messages[1]).toBe('  no such setting')
})

test('shows the last lines at once when the cause is another one than before', async () => {
  await using shell = await superviseShell(
    'echo "no such setting"; [ -e "$RAN" ] && exit 3; touch "$RAN"; exec sleep 600',
  )
  await shell.waitForFile()
  shell.children[0]?.kill()
  await shell.waitForMessage('That was 4 times in a row.')
  await shell.supervised.stop()
  const messages = shell.messages.filter(message => message !== 'the part runs again.')
  expect(messages.slice(0, 4)).toEqual([
    'the part ended (SIGKILL). It starts again in 0.01 s.',
    '  no such setting',
    'the part ended (exit 3). That was 2 times in a row. It starts again in 0.02 s.',
    '  no such setting',
  ])
})

test('throws the error of a required first start', async () => {
  const failed = superviseShell('exec sleep 600', { failingStarts: 1 })
  expect(await failed.catch(error => error.message)).toBe('start 1 failed')
})

test('tries a first start that is not required again', async () => {
  await using shell = await superviseShell('exec sleep 600', { isFirstStartRequired: false, failingStarts: 2 })
  await shell.waitForMessage('the part runs again.')
  expect(shell.messages).toEqual([
    'start 1 failed. It starts again in 0.01 s.',
    'start 2 failed. That was 2 times in a row. It starts again in 0.02 s.',
    'the part runs again.',
  ])
  expect(shell.children.map(child => child.isRunning())).toEqual([true])
})

test('does not restart after a stop', async () => {
  await using shell = await superviseShell('exec sleep 600')
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
