import { expect, test } from 'bun:test'
import { createUploadBatch } from './upload-batch.ts'

function gate() {
  const log: string[] = []
  const open = Promise.withResolvers<void>()
  const onStart = async () => void log.push('enter')
  const onSettled = async () => void log.push('leave')
  return { log, open, onStart, onSettled }
}

test('calls `onStart` once before the first upload and `onSettled` once when all have settled', async () => {
  const { log, open, onStart, onSettled } = gate()
  const upload = async (output: number) => {
    log.push(`start ${output}`)
    await open.promise
    log.push(`end ${output}`)
  }
  const batch = createUploadBatch({ concurrency: 2, upload, onStart, onSettled })
  for (const output of [0, 1, 2]) batch.add(output)
  open.resolve()
  await Promise.all([batch.settled(), batch.settled()])
  expect(log[0]).toBe('enter')
  expect(log.at(-1)).toBe('leave')
  expect(log.filter(line => line === 'enter' || line === 'leave')).toEqual(['enter', 'leave'])
  expect(log.filter(line => line.startsWith('end'))).toHaveLength(3)
})

test('runs as many uploads at once as `concurrency` allows', async () => {
  const { open, onStart, onSettled } = gate()
  let inFlight = 0
  let maxInFlight = 0
  const full = Promise.withResolvers<void>()
  const upload = async () => {
    inFlight++
    maxInFlight = Math.max(maxInFlight, inFlight)
    if (inFlight === 3) full.resolve()
    await open.promise
    inFlight--
  }
  const batch = createUploadBatch({ concurrency: 3, upload, onStart, onSettled })
  for (let output = 0; output < 8; output++) batch.add(output)
  await full.promise
  open.resolve()
  await batch.settled()
  expect(maxInFlight).toBe(3)
})

test('finishes the other uploads when one throws, and rejects with its error', async () => {
  const { log, onStart, onSettled } = gate()
  const upload = async (output: number) => {
    if (output === 1) throw new Error('lost')
    log.push(`end ${output}`)
  }
  const batch = createUploadBatch({ concurrency: 1, upload, onStart, onSettled })
  for (const output of [0, 1, 2]) batch.add(output)
  await expect(batch.settled()).rejects.toThrow('lost')
  expect(log).toEqual(['enter', 'end 0', 'end 2', 'leave'])
})

test('calls neither `onStart` nor `onSettled` without uploads', async () => {
  const { log, onStart, onSettled } = gate()
  await createUploadBatch({ concurrency: 3, upload: async () => {}, onStart, onSettled }).settled()
  expect(log).toEqual([])
})
