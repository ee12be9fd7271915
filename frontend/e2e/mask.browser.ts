import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import type { Page } from 'playwright-core'
import { openImage } from '../../infra/src/images/open-image.ts'
import {
  type FakeOpenAiCompatible,
  startFakeOpenAiCompatible,
} from '../../infra/testing/fake-openai-compatible/fake-server.ts'
import { waitForModels } from '../../infra/testing/studio/connections-client.ts'
import { type FakeProvider, startFakeProvider } from '../../infra/testing/studio/fake-provider.ts'
import { isFinished } from '../../infra/testing/studio/studio-client.ts'
import { createAxe } from './axe.ts'
import { type SeededStudio, startSeededStudio } from './seeded-studio.ts'
import { createExpectedMask, type ExpectedMask, openStageProbe, type StageProbe } from './stage-probe.ts'

const COMPATIBLE = 'openai-compatible'

let disposables: AsyncDisposableStack
let seeded: SeededStudio
let fake: FakeProvider
let server: FakeOpenAiCompatible

beforeAll(async () => {
  disposables = new AsyncDisposableStack()
  fake = disposables.use(await startFakeProvider())
  server = disposables.use(await startFakeOpenAiCompatible({ flavour: 'litellm' }))
  const env = { ...fake.env, OPENAI_COMPATIBLE_URL: server.url, OPENAI_COMPATIBLE_KEY: server.key }
  seeded = disposables.use(await startSeededStudio(4, { env }))
  await waitForModels(seeded.studio, COMPATIBLE)
})
afterAll(() => disposables.disposeAsync())

test('the pixels that arrive at the provider are those that mouse, finger, pen and keys have painted', async () => {
  const parent = await makeParent('a lighthouse on a cliff')
  const { page, pageErrors } = await seeded.open()
  await openEditor(page, parent)
  const stage = await openStageProbe(page)
  const mask = createExpectedMask({ width: 512, height: 512 })

  await expectOff(page, 'Paint the part to change.')
  await paintByMouse(page, stage, mask)
  await paintByFinger(page, stage, mask)
  await paintByPen(page, stage, mask)
  await paintByKeys(page, stage, mask)
  await page.keyboard.press('i')
  mask.invert()
  await expectOff(page, 'Write what should be there.')
  await expectAccessible(page)
  await promptField(page).fill('a small stone chapel')
  await page.getByLabel('Number of images').selectOption('2')
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  await stage.area.waitFor({ state: 'detached' })

  const { submits } = await fake.waitForRequests(log => log.submits.some(({ operation }) => operation === 'inpaint'))
  const submit = submits.find(({ operation }) => operation === 'inpaint')
  expect(submit?.prompt).toBe('a small stone chapel')
  expect(submit?.references.map(({ role, width, height }) => [role, width, height])).toEqual([
    ['source', 512, 512],
    ['mask', 512, 512],
  ])
  const [source, arrived] = await Promise.all(
    (submit?.references ?? []).map(async ({ sha256 }) => await fake.readInput(sha256)),
  )
  const original = await (await seeded.studio.fetch(parent.outputs[0]?.url ?? '')).bytes()
  expect(Buffer.compare(await readChannel(source, 1), await readChannel(original, 1))).toBe(0)
  expect(mask.countDifferences(await readChannel(arrived, 0))).toBe(0)
  const child = await findChild(parent.id)
  expect(child.parent).toEqual({ generationId: parent.id, outputIndex: 0, verb: 'change-part' })
  expect(child.outputs).toHaveLength(2)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('a compatible server gets the mask in its polarity, and what is not sent is asked about and stays', async () => {
  const parent = await makeParent('a quay in the rain')
  const { page, pageErrors } = await seeded.open({ viewport: { width: 390, height: 844 }, hasTouch: true })
  await openEditor(page, parent)
  const before = await openStageProbe(page)
  const mask = createExpectedMask({ width: 512, height: 512 })
  const line = [before.at(0.3, 0.3), before.at(0.6, 0.35)]
  await before.drag(line)
  mask.paint(before.toImage(line), await before.radius())

  await page.keyboard.press('Escape')
  await page.getByRole('heading', { name: 'Close without changing anything?' }).waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Go on painting' }).click()
  await promptField(page).fill('fog')
  for (const answer of ['Go on painting', 'Close']) {
    await page.goBack()
    await page.getByRole('heading', { name: 'Close without changing anything?' }).waitFor()
    await page.getByRole('button', { name: answer, exact: true }).last().click()
  }
  await before.area.waitFor({ state: 'detached' })
  await page.locator('dialog.lightbox').waitFor()
  await chooseChangePart(page)
  const stage = await openStageProbe(page)
  expect(await promptField(page).inputValue()).toBe('fog')
  await expectNoSideScroll(page)

  await page.getByLabel('Model', { exact: true }).selectOption({ label: 'dall-e-3' })
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  await stage.area.waitFor({ state: 'detached' })
  await findChild(parent.id)
  const arrived = server.lastFile('mask')
  expect(await openImage(arrived ?? new Uint8Array()).metadata()).toMatchObject({
    width: 512,
    height: 512,
    channels: 4,
  })
  mask.invert()
  expect(mask.countDifferences(await readChannel(arrived, 3))).toBe(0)
  expect(pageErrors).toEqual([])
  await page.context().close()
})

test('words alone change the whole picture, where a model can', async () => {
  const parent = await makeParent('a harbour at noon')
  const { page } = await seeded.open()
  await openEditor(page, parent)
  await promptField(page).fill('at night')
  await page.getByRole('button', { name: 'or change the whole picture' }).click()
  const child = await findChild(parent.id)
  expect([child.parent?.verb, child.prompt]).toEqual(['edit', 'at night'])
  await page.context().close()
})

async function paintByMouse(page: Page, stage: StageProbe, mask: ExpectedMask): Promise<void> {
  const line = [stage.at(0.2, 0.2), stage.at(0.35, 0.25), stage.at(0.3, 0.5)]
  await stage.drag(line)
  const radius = await stage.radius()
  mask.paint(stage.toImage(line), radius)
  await page.keyboard.press('e')
  await page.keyboard.press('[')
  const erased = [stage.at(0.3, 0.5), stage.at(0.3, 0.4)]
  await stage.drag(erased)
  expect(await stage.radius()).toBeLessThan(radius)
  mask.erase(stage.toImage(erased), await stage.radius())
  await page.keyboard.press('b')
  await page.keyboard.press(']')
  await stage.drag([stage.at(0.8, 0.8), stage.at(0.9, 0.9)])
  await page.keyboard.press('Control+z')
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByRole('button', { name: 'Redo' }).click()
  await stage.area.focus()
}

async function paintByFinger(page: Page, stage: StageProbe, mask: ExpectedMask): Promise<void> {
  const line = [stage.at(0.6, 0.2), stage.at(0.75, 0.25)]
  await stage.dragPointer('touch', 11, line)
  mask.paint(stage.toImage(line), await stage.radius())
  // Two fingers zoom, and what the first one began is taken back.
  await stage.pinch([stage.at(0.1, 0.9), stage.at(0.2, 0.9)])
  expect(await stage.imageWidth()).toBeGreaterThan(stage.box.height * 1.5)
  await page.keyboard.press('0')
  await page.waitForFunction(
    width => Math.abs((document.querySelector('.mask-image')?.getBoundingClientRect().width ?? 0) - width) < 1,
    stage.side,
  )
}

async function paintByPen(page: Page, stage: StageProbe, mask: ExpectedMask): Promise<void> {
  const line = [stage.at(0.6, 0.6), stage.at(0.7, 0.75)]
  await stage.dragPointer('pen', 21, line, { palm: stage.at(0.9, 0.1) })
  mask.paint(stage.toImage(line), await stage.radius())
  await page.getByRole('button', { name: 'Pressure' }).waitFor()
}

/** Moves the brush to a corner by keys, and paints from there to the right. */
async function paintByKeys(page: Page, stage: StageProbe, mask: ExpectedMask): Promise<void> {
  await stage.area.focus()
  for (let step = 0; step < 12; step += 1) await page.keyboard.press('Shift+ArrowLeft')
  for (let step = 0; step < 12; step += 1) await page.keyboard.press('Shift+ArrowDown')
  await page.keyboard.press('Shift+ArrowUp')
  await page.keyboard.down('Enter')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.up('Enter')
  const radius = await stage.radius()
  const step = radius / 2
  const y = 512 - 4 * step
  mask.paint(
    [0, 1, 2].map(count => ({ x: count * step, y })),
    radius,
  )
}

async function makeParent(prompt: string): Promise<Generation> {
  const { id } = await seeded.studio.submit({
    prompt,
    model: 'fake-studio',
    parameters: { numOutputs: 1, resolution: 512 },
  })
  return await seeded.studio.waitForGeneration(id, isFinished)
}

async function openEditor(page: Page, { id }: Generation): Promise<void> {
  await page.locator(`article[data-generation-id="${id}"] [data-output-index="0"]`).click()
  await chooseChangePart(page)
}

async function chooseChangePart(page: Page): Promise<void> {
  const entry = page.getByRole('dialog').getByRole('button', { name: /^Change part/ })
  await entry.click()
  await page.getByRole('application').waitFor()
}

async function findChild(parentId: string): Promise<Generation> {
  const { generations } = (await (await seeded.studio.fetch('/api/generations?limit=20')).json()) as {
    generations: Generation[]
  }
  const child = generations.find(({ parent }) => parent?.generationId === parentId)
  if (!child) {
    await Bun.sleep(50)
    return await findChild(parentId)
  }
  return await seeded.studio.waitForGeneration(child.id, isFinished)
}

function promptField(page: Page) {
  return page.getByRole('textbox', { name: 'What should be in the marked part' })
}

async function expectOff(page: Page, reason: string): Promise<void> {
  const change = page.getByRole('button', { name: 'Change', exact: true })
  expect(await change.getAttribute('aria-disabled')).toBe('true')
  await page.getByText(reason, { exact: true }).waitFor()
}

async function expectNoSideScroll(page: Page): Promise<void> {
  const excess = await page.locator('.mask-editor').evaluate(node => node.scrollWidth - node.clientWidth)
  expect(excess).toBe(0)
}

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await createAxe(page).include('.mask-editor').analyze()
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))])).toEqual([])
}

async function readChannel(bytes: Uint8Array | undefined, channel: 0 | 1 | 3): Promise<Buffer> {
  if (!bytes) throw new Error('no image arrived')
  return await openImage(bytes).extractChannel(channel).raw().toBuffer()
}
