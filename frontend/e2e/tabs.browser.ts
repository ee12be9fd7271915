import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { findFreePort } from '../../infra/local/process/free-ports.ts'
import { waitFor } from '../../infra/testing/wait-for.ts'
import { type NetProxy, startNetProxy } from './net-proxy.ts'
import {
  findReadRow,
  getScroll,
  listRowsInView,
  scrollByWheel,
  startProbe,
  waitForFrames,
  waitUntilSettled,
} from './page-probes.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

/** The studio at a plain-HTTP address other than localhost, where a browser disables the APIs of secure contexts. */

const COUNT = 10_000
const TABS = 8
const STREAMS_MS = 60_000

let proxy: NetProxy
let seeded: SeededStudio

beforeAll(async () => {
  const port = await findFreePort()
  proxy = await startNetProxy(() => port)
  const env = { PORT: String(port), PUBLIC_URL: `http://studio.test:${proxy.port}` }
  seeded = await startSeededStudio(COUNT, { env, flags: ['--host-resolver-rules=MAP studio.test 127.0.0.1'] })
})

afterAll(async () => {
  await seeded[Symbol.asyncDispose]()
  await proxy[Symbol.asyncDispose]()
})

test('works without the APIs of secure contexts', async () => {
  const { page, pageErrors } = await seeded.open()
  expect(await page.evaluate(() => [isSecureContext, 'randomUUID' in crypto, 'locks' in navigator])).toEqual([
    false,
    false,
    false,
  ])
  await page.getByRole('textbox', { name: 'Prompt' }).fill('over plain HTTP')
  await page.getByRole('button', { name: 'Generate' }).click()
  const row = page.getByRole('article').filter({ hasText: 'over plain HTTP' })
  await row.locator('[data-output-index="0"] img').waitFor()
  await row.hover()
  await row.getByRole('button', { name: 'More actions: over plain HTTP' }).click()
  await page.getByRole('menuitem', { name: 'Copy prompt' }).click()
  await page.getByText('Prompt copied.').waitFor()
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('7: eight tabs share one event stream, stay live and load their images', async () => {
  const { page: first } = await seeded.open()
  const tabs = [first]
  while (tabs.length < TABS) tabs.push(await openTab(first))
  await Promise.all(tabs.map(waitUntilSettled))
  const id = await seeded.history.insertRunning()
  await Promise.all(tabs.map(tab => tab.locator(`article[data-generation-id="${id}"]`).waitFor()))
  expect(proxy.countStreams()).toBe(1)
  await seeded.history.storeOutput(id, 0)
  const imageSelector = `article[data-generation-id="${id}"] [data-output-index="0"] img`
  await Promise.all(tabs.map(tab => tab.locator(imageSelector).waitFor()))
  const widths = tabs.map(tab =>
    tab.locator(imageSelector).evaluate(async image => {
      if (!(image instanceof HTMLImageElement)) return 0
      await image.decode()
      return image.naturalWidth
    }),
  )
  // The natural width is that of the tile, which is narrow for a tall image; an image that is not loaded has none.
  expect(Math.min(...(await Promise.all(widths)))).toBeGreaterThan(0)
  await first.context().close()
})

test('7: events that were missed while disconnected are replayed after the reconnect, and move nothing', async () => {
  const { page } = await seeded.open()
  await scrollByWheel(page, -6_000)
  await waitUntilSettled(page)
  const id = await findReadRow(page)
  const number = (await listRowsInView(page)).find(row => row.id === id)?.number ?? Number.NaN
  const stop = await startProbe(page, id)
  const { height } = await getScroll(page)
  proxy.disconnect()
  await page.getByText('Reconnecting…').waitFor({ state: 'attached' })
  await seeded.history.storeOutput(await seeded.history.findId(number - 2), 0, { width: 512, height: 2_400 })
  await seeded.history.moveToTrash(await seeded.history.findId(number - 5))
  await seeded.history.insertRunning()
  const streamCount = proxy.lastEventIds.length
  proxy.reconnect()
  await page.getByRole('button', { name: '1 new' }).waitFor()
  await page.waitForFunction(before => document.documentElement.scrollHeight !== before, height)
  await waitForFrames(page, 5)
  const seen = await stop()
  expect(seen.tops.length).toBe(1)
  expect(seen).toMatchObject({ isSameNode: true, loaded: [] })
  expect(proxy.lastEventIds[streamCount]).toMatch(/^\d+\.\d+$/)
  await page.context().close()
})

test('an event stream that falls silent is replaced after 30 s by one that continues after its last event', async () => {
  const { page } = await seeded.open()
  const own = await page.context().newPage()
  // A shared worker has a clock of its own.
  await own.addInitScript(() => void Reflect.deleteProperty(window, 'SharedWorker'))
  await own.clock.install()
  await own.goto(seeded.studio.url)
  await own.getByRole('article').first().waitFor()
  const rowOf = (id: string) => own.locator(`article[data-generation-id="${id}"]`)
  // That of the other page, which its shared worker opens when the machine has time for it, would be taken for the new one.
  await waitFor('both event streams', STREAMS_MS, async () => proxy.countDelivered('retry: ') === 2)
  const seen = await seeded.history.insertRunning()
  await rowOf(seen).waitFor()
  // A page that lists its rows while it connects has the row before the event.
  await waitFor('its event', STREAMS_MS, async () => proxy.countDelivered(seen) === 2)
  const streamCount = proxy.lastEventIds.length
  proxy.silence()
  const missed = await seeded.history.insertRunning()
  await own.clock.fastForward(27_000)
  await own.clock.fastForward(3_000)
  await rowOf(missed).waitFor()
  expect(proxy.lastEventIds[streamCount]).toMatch(/^\d+\.\d+$/)
  await page.context().close()
})

test('7: reloads the window at its position if events cannot be replayed', async () => {
  const { page } = await seeded.open({ path: `/#g=${await seeded.history.findId(5_000)}` })
  await waitUntilSettled(page)
  const id = await findReadRow(page)
  const stop = await startProbe(page, id)
  const deletedId = await seeded.history.findId(4_998)
  process.kill(await seeded.studio.pidOf('query'), 'SIGKILL')
  await page.getByText('Reconnecting…').waitFor({ state: 'attached' })
  await seeded.history.moveToTrash(deletedId)
  await page.locator(`article[data-generation-id="${deletedId}"]`).waitFor({ state: 'detached' })
  await waitForFrames(page, 5)
  const seen = await stop()
  expect(seen.tops.length).toBe(1)
  expect(seen).toMatchObject({ isSameNode: true, loaded: [] })
  await page.context().close()
})

test('a submission that cannot reach the studio shows so, and is sent once the studio is back', async () => {
  const { page } = await seeded.open()
  proxy.disconnect()
  await page.getByText('Reconnecting…').waitFor({ state: 'attached' })
  await page.getByRole('textbox', { name: 'Prompt' }).fill('a letter for later')
  await page.getByRole('button', { name: 'Generate' }).click()
  const row = page.getByRole('article').filter({ hasText: 'a letter for later' })
  await row.getByText('Not sent yet').waitFor()
  const node = await row.elementHandle()
  proxy.reconnect()
  await row.locator('[data-output-index="0"] img').waitFor()
  expect(await row.evaluate((element, before) => element === before, node)).toBe(true)
  await page.context().close()
})

async function openTab(beside: Page): Promise<Page> {
  const page = await beside.context().newPage()
  await page.goto(seeded.studio.url)
  await page.getByRole('article').first().waitFor()
  return page
}
