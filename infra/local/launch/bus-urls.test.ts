import { expect, test } from 'bun:test'
import { readConfig } from '../../src/config.ts'
import { isBusUserShared, readBusUrls, toBusSettings } from './bus-urls.ts'

const SHARED = 'nats://studio:secret@bus:4222'
const OWN = {
  NATS_URL_INGEST: 'nats://i:1@bus:4222',
  NATS_URL_PROCESSOR: 'nats://p:2@bus:4222',
  NATS_URL_QUERY: 'nats://q:3@bus:4222',
}

test('without a bus in the settings there are no URLs', () => {
  expect(readBusUrls(readConfig({}))).toBeUndefined()
})

test('one URL is the one of every service, which is worth a warning', () => {
  const urls = readBusUrls(readConfig({ NATS_URL: SHARED }))
  expect(urls).toEqual({ admin: SHARED, ingest: SHARED, processor: SHARED, query: SHARED })
  expect(urls && isBusUserShared(urls)).toBe(true)
})

test('URLs of the services take precedence, and are no reason for a warning', () => {
  const urls = readBusUrls(readConfig({ NATS_URL: SHARED, ...OWN }))
  expect(urls).toEqual({
    admin: SHARED,
    ingest: OWN.NATS_URL_INGEST,
    processor: OWN.NATS_URL_PROCESSOR,
    query: OWN.NATS_URL_QUERY,
  })
  expect(urls && isBusUserShared(urls)).toBe(false)
  expect(readBusUrls(readConfig(OWN))?.admin).toBe(OWN.NATS_URL_INGEST)
})

test('a service without a URL is named', () => {
  const { NATS_URL_QUERY: _, ...others } = OWN
  expect(() => readBusUrls(readConfig(others))).toThrow('NATS_URL_QUERY: is needed as well, or NATS_URL')
})

test('a service is given its own URL and no other', () => {
  const urls = readBusUrls(readConfig({ NATS_URL: SHARED, ...OWN }))
  if (!urls) throw new Error('no URLs')
  const settings = toBusSettings(urls, 'query')
  expect(settings.NATS_URL).toBe(OWN.NATS_URL_QUERY)
  expect(Object.values(settings).filter(value => value !== '')).toEqual([OWN.NATS_URL_QUERY])
})
