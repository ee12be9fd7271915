import { expect, test } from 'bun:test'
import { join } from 'node:path'

const HEAD = `
  import { writeSync } from 'node:fs'
  import { createLifecycle } from ${JSON.stringify(join(import.meta.dirname, 'lifecycle.ts'))}
  import { createLog } from ${JSON.stringify(join(import.meta.dirname, '..', 'log.ts'))}
  const print = line => writeSync(1, line + '\\n')
  const log = createLog({ service: 'test', level: 'silent' })
  const never = new Promise(() => {})
  setInterval(() => {}, 60_000)
`

/** Starts a process with a lifecycle. It prints `ready` once the script has run. */
function run(script: string) {
  const command = [process.execPath, '-e', `${HEAD}\n${script}\nprint('ready')`]
  const child = Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader()
  let output = ''
  return {
    child,
    /** Waits until the process has printed a line. */
    waitForLine: async (line: string) => {
      while (!output.split('\n').includes(line)) {
        const { done, value = '' } = await reader.read()
        if (done) throw new Error(`the process ended without printing ${line}: ${output}${await child.stderr.text()}`)
        output += value
      }
    },
    /** Waits for the end of the process. Returns its exit code and the lines that it printed. */
    end: async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) output += next.value
      return {
        code: await child.exited,
        lines: output
          .trim()
          .split('\n')
          .filter(line => line !== 'ready'),
      }
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await child.exited
    },
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} closes everything in reverse order and exits with code 0`, async () => {
    await using process = run(`
      const lifecycle = createLifecycle({ log })
      lifecycle.stopping.addEventListener('abort', () => print('stopping'))
      for (const name of ['database', 'bus', 'http']) lifecycle.onClose(name, async () => {
        await Bun.sleep(1)
        print('closed ' + name)
      })`)
    await process.waitForLine('ready')
    process.child.kill(signal)
    expect(await process.end()).toEqual({
      code: 0,
      lines: ['stopping', 'closed http', 'closed bus', 'closed database'],
    })
  })
}

test('serves requests and is not ready while it drains', async () => {
  await using process = run(`
    import { createHttpApp } from ${JSON.stringify(join(import.meta.dirname, '..', 'http', 'app.ts'))}
    import { createIdentify } from ${JSON.stringify(join(import.meta.dirname, '..', 'http', 'identity.ts'))}
    import { createMetrics } from ${JSON.stringify(join(import.meta.dirname, '..', 'metrics.ts'))}
    const lifecycle = createLifecycle({ log })
    const config = { PORT: 3000, PUBLIC_URL: undefined, BODY_MEMORY_MB: 64 }
    const { stopping } = lifecycle
    const app = createHttpApp({ config, log, metrics: createMetrics('test'), checks: {}, identify: createIdentify({}), stopping }, {})
    app.listen({ port: 0, hostname: '127.0.0.1' })
    const readiness = async () => (await fetch('http://127.0.0.1:' + app.server.port + '/readyz', { headers: { host: 'localhost:3000' } })).status
    lifecycle.onClose('http', () => app.stop())
    lifecycle.onClose('work', async () => print('draining ' + await readiness()))
    print('working ' + await readiness())`)
  await process.waitForLine('ready')
  process.child.kill('SIGTERM')
  expect(await process.end()).toEqual({ code: 0, lines: ['working 200', 'draining 503'] })
})

test('an error of a socket without a listener ends nothing, any other unhandled error stops the process', async () => {
  await using process = run(`
    createLifecycle({ log })
    const { Socket } = await import('node:net')
    const socket = new Socket()
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
    reset.stack = 'Error: read ECONNRESET\\n    at close (node:net:912:40)'
    process.nextTick(() => socket.emit('error', reset))
    setTimeout(() => print('goes on'), 50)
    setTimeout(() => { throw Object.assign(new Error('ours'), { code: 'ECONNRESET' }) }, 100)`)
  expect(await process.end()).toEqual({ code: 1, lines: ['goes on'] })
})

test('an error while it stops is not a crash', async () => {
  await using process = run(`
    const lifecycle = createLifecycle({ log })
    lifecycle.stopping.addEventListener('abort', () => void Promise.reject(new Error('CONNECTION_DRAINING')))`)
  await process.waitForLine('ready')
  process.child.kill('SIGTERM')
  expect((await process.end()).code).toBe(0)
})

test('a second stop signal, after a while, forces the stop', async () => {
  await using process = run(`
    const lifecycle = createLifecycle({ log })
    lifecycle.onClose('slow', async () => {
      print('closing')
      await new Promise(resolve => lifecycle.forced.addEventListener('abort', resolve))
      print('forced')
    })`)
  await process.waitForLine('ready')
  process.child.kill('SIGTERM')
  await process.waitForLine('closing')
  // One that comes at once is the first one again.
  process.child.kill('SIGTERM')
  await Bun.sleep(1_600)
  process.child.kill('SIGTERM')
  expect(await process.end()).toEqual({ code: 0, lines: ['closing', 'forced'] })
})

test('stops once, even on a second signal', async () => {
  await using process = run(`
    const lifecycle = createLifecycle({ log })
    const again = Promise.withResolvers()
    process.on('SIGINT', again.resolve)
    lifecycle.onClose('slow', async () => {
      print('closing')
      await again.promise
      print('closed')
    })`)
  await process.waitForLine('ready')
  process.child.kill('SIGTERM')
  await process.waitForLine('closing')
  process.child.kill('SIGINT')
  expect(await process.end()).toEqual({ code: 0, lines: ['closing', 'closed'] })
})

test('closes everything else when one resource hangs or fails', async () => {
  await using process = run(`
    const lifecycle = createLifecycle({ log })
    lifecycle.onClose('first', () => print('closed'))
    lifecycle.onClose('hangs', () => never, 20)
    lifecycle.onClose('rejects', () => Promise.reject(new Error('no')))
    lifecycle.onClose('throws', () => { throw new Error('no') })
    lifecycle.onClose('fails too late', () => Bun.sleep(10).then(() => { throw new Error('too late') }), 5)`)
  await process.waitForLine('ready')
  process.child.kill('SIGTERM')
  expect(await process.end()).toEqual({ code: 0, lines: ['closed'] })
})

for (const [name, script] of [
  ['an uncaught error', `setTimeout(() => { throw new Error('uncaught') })`],
  ['an unhandled rejection', `Promise.reject(new Error('unhandled'))`],
  ['a thrown value that is no error', `setTimeout(() => { throw 'words' })`],
] as const) {
  test(`${name} closes everything and exits with code 1`, async () => {
    await using process = run(`
      const lifecycle = createLifecycle({ log })
      lifecycle.onClose('http', () => print('closed'))
      ${script}`)
    expect(await process.end()).toEqual({ code: 1, lines: ['closed'] })
  })
}

test('stops with the given exit code', async () => {
  await using process = run(`
    const lifecycle = createLifecycle({ log })
    lifecycle.onClose('http', () => print('closed'))
    void lifecycle.stop('no models', 3)`)
  expect(await process.end()).toEqual({ code: 3, lines: ['closed'] })
})

test('stops when its parent process is gone, however that ended', async () => {
  await using launcher = run('')
  await using process = run(`
    const lifecycle = createLifecycle({ log, parentPid: ${launcher.child.pid} })
    lifecycle.onClose('http', () => print('closed'))`)
  await process.waitForLine('ready')
  launcher.child.kill('SIGKILL')
  expect(await process.end()).toEqual({ code: 1, lines: ['closed'] })
})
