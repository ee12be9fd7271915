import { expect, test } from 'bun:test'
import { EventEmitter } from 'node:events'
import { findFreePort, isPortFree } from '../../../local/process/free-ports.ts'
import { createLog } from '../../log.ts'
import { offerGateway } from './offered-gateway.ts'

const HOST = '127.0.0.1'
const gateway = { upstreams: { query: async () => new Response('query'), ingest: 'http://127.0.0.1:1' } }
const log = createLog({ service: 'test', level: 'silent' })

test('opens when it is told to, and says that it closes once the address is free for another', async () => {
  const events = new EventEmitter()
  const messages: string[] = []
  const port = await findFreePort()
  let isFree: Promise<boolean> | undefined
  const send = (message: string) => {
    messages.push(message)
    if (message === 'gateway-closed') isFree = isPortFree(port, HOST)
  }
  const close = offerGateway({ channel: { send, on: (event, listener) => events.on(event, listener) }, gateway, log })
  events.emit('message', { message: 'open', port, host: HOST, maxRequests: 10 })
  expect(await (await fetch(`http://${HOST}:${port}/api/generations`)).text()).toBe('query')
  expect(await isPortFree(port, HOST)).toBe(false)
  await close()
  expect(messages).toEqual(['gateway-offered', 'gateway-open', 'gateway-closed'])
  expect(await isFree).toBe(true)
})

test('closes although the channel is gone', async () => {
  const send = () => {
    throw new Error('the channel is closed')
  }
  const events = new EventEmitter()
  const port = await findFreePort()
  const close = offerGateway({ channel: { send, on: (event, listener) => events.on(event, listener) }, gateway, log })
  events.emit('message', { message: 'open', port, host: HOST, maxRequests: 10 })
  await close()
  expect(await isPortFree(port, HOST)).toBe(true)
})
