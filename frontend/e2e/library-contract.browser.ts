import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import {
  delayPages,
  findReadRow,
  getScroll,
  listRowsInView,
  longestRun,
  scrollByWheel,
  spinWheel,
  startProbe,
  waitForFrames,
  waitUntilSettled,
} from './page-probes.ts'
import { recordScreencast } from './screencast.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'

const COUNT = 4_000
const ROW_GAP = 40
/** Every fourth generation has the word, is a favourite, or is in the trash: 1,000 of each, with several outputs. */
const EVERY = 4

/** The lists, with the number of the newest generation in each, and the distance of their numbers. */
const LISTS = [
  { name: 'a search', path: '/#search?q=valley', newest: COUNT - 3, step: EVERY },
  { name: 'favourites', path: '/#favourites', newest: COUNT - 1, step: EVERY },
  { name: 'the trash', path: '/#trash', newest: COUNT - 2, step: EVERY },
  { name: 'all, while selecting', path: '/', newest: COUNT, step: 1 },
] as const

let seeded: SeededStudio

beforeAll(async () => {
  seeded = await startSeededStudio(COUNT)
  await prepareLists()
})

afterAll(() => seeded[Symbol.asyncDispose]())

for (const { name, path, newest, step } of LISTS) {
  test(`the scroll contract holds in ${name}`, async () => {
    const { page, pageErrors } = await seeded.open({ path })
    await page.getByText(`No. ${newest}:`).waitFor()
    await waitForFrames(page, 5)
    const { top, end } = await getScroll(page)
    expect(end - top).toBeLessThanOrEqual(1)
    if (path === '/') await startSelecting(page)

    await expectOlderPageWithoutShift(page)
    await expectGrowthWithoutShift(page, step)
    if (path !== '/') await expectLightboxWithoutShift(page)
    if (path === '/') expect(await page.getByText('1 selected').count()).toBe(1)
    else await expectSameAfterReload(page)
    await expectRowsWhileSpinning(page)
    expect(pageErrors).toEqual([])
    await page.context().close()
  })
}

async function startSelecting(page: Page): Promise<void> {
  await page.locator('article [data-output-index="0"]').last().focus()
  await page.keyboard.press('x')
  await page.getByText('1 selected').waitFor()
}

/** Asserts line 4: older rows come before the reader reaches them; nothing in view moves, is replaced or loads its images again. */
async function expectOlderPageWithoutShift(page: Page): Promise<void> {
  const { isRequested, release } = await delayPages(page)
  for (let turn = 0; turn < 60 && !isRequested(); turn += 1) await scrollByWheel(page, -3_000)
  expect(isRequested()).toBe(true)
  await waitUntilSettled(page)
  await expectStillWhile(page, async () => release())
  await page.unrouteAll({ behavior: 'wait' })
}

/** Asserts lines 5 and 7: rows above the view grow by events, and shift it by 0 px. */
async function expectGrowthWithoutShift(page: Page, step: number): Promise<void> {
  const first = Math.min(...(await listRowsInView(page)).map(({ number }) => number))
  const above = await Promise.all([2, 3, 9].map(rows => seeded.history.findId(first - rows * step)))
  await waitUntilSettled(page)
  await expectStillWhile(page, async () => {
    for (const id of above) await seeded.history.storeOutput(id, 0, { width: 512, height: 2_400 })
  })
}

/** Asserts line 6: the lightbox moves nothing, and gives the focus back to the very thumbnail. */
async function expectLightboxWithoutShift(page: Page): Promise<void> {
  const id = await findReadRow(page)
  const thumbnail = page.locator(`article[data-generation-id="${id}"] [data-output-index="0"]`)
  await thumbnail.focus()
  const opener = await thumbnail.elementHandle()
  const stop = await startProbe(page, id)
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await dialog.locator('.surface img[data-state="loaded"]').waitFor()
  for (let turn = 0; turn < 6; turn += 1) await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await waitForFrames(page, 5)
  const { tops, isSameNode, loaded } = await stop()
  expect([tops.length, isSameNode, loaded]).toEqual([1, true, []])
  expect(await page.evaluate(node => document.activeElement === node, opener)).toBe(true)
}

/** Asserts lines 1 and 10: at most 20 rows, and no blank screen for longer than 100 ms in 500 rapid wheel events. */
async function expectRowsWhileSpinning(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page)
  const stop = await startProbe(page, await findReadRow(page))
  const screencast = await recordScreencast(page)
  await spinWheel(cdp, 500, -120)
  const covers = await screencast.stop()
  await waitForFrames(page, 10)
  const { maxGap, maxRows } = await stop()
  expect(maxGap).toBeLessThanOrEqual(ROW_GAP)
  // A frame is drawn at most every 16 ms.
  expect(longestRun(covers, cover => cover < 0.05)).toBeLessThan(6)
  expect(maxRows).toBeLessThanOrEqual(20)
}

/** Asserts line 9: a reload returns to the same position. */
async function expectSameAfterReload(page: Page): Promise<void> {
  const address = page.url()
  await scrollByWheel(page, -1_717)
  const before = await listRowsInView(page)
  await page.waitForFunction(url => location.href !== url, address)
  await page.reload()
  await page.getByRole('article').first().waitFor()
  await waitForFrames(page, 5)
  expect(await listRowsInView(page)).toEqual(before)
}

/** Asserts that the row being read neither moves nor is replaced while the list becomes higher or lower above it. */
async function expectStillWhile(page: Page, act: () => Promise<void>): Promise<void> {
  const { height } = await getScroll(page)
  const stop = await startProbe(page, await findReadRow(page))
  await act()
  await page.waitForFunction(old => document.documentElement.scrollHeight !== old, height)
  await waitForFrames(page, 5)
  const seen = await stop()
  expect(seen.tops.length).toBe(1)
  expect(seen).toMatchObject({ isSameNode: true, isSameFocus: true, loaded: [] })
  expect(seen.maxRows).toBeLessThanOrEqual(20)
}

/** Gives generations the word, makes favourites, and moves some to the trash. */
async function prepareLists(): Promise<void> {
  await seeded.history.updateGeneration(await seeded.history.findId(1), async tx => {
    await tx`
      create temporary table numbered on commit drop as
      select id, substring(prompt from 'No. ([0-9]+)')::int % ${EVERY} as rest from generations`
    await tx`update generations set prompt = prompt || ' valley' where id in (select id from numbered where rest = 1)`
    await tx`
      update generation_outputs set favourite = true
      where index = 0 and generation_id in (select id from numbered where rest = 3)`
    await tx`update generations set deleted_at = now() where id in (select id from numbered where rest = 2)`
    await tx`select write_words(id) from numbered where rest = 1`
    for (const rest of [1, 2, 3]) await tx`select write_document(id) from numbered where rest = ${rest}`
  })
}
