import { Command } from 'commander'
import { runCommandLine } from './cli.ts'
import { pinFiles } from './images/pin-files.ts'
import { ROOT } from './root.ts'

/** `bun run images:pin [--check]`: names the images of compose and of the Dockerfile by the digests that their registries have. */

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  let code = 0
  const program = new Command('images:pin')
    .description('Asks the registries for the digest of each image, and writes it beside its tag.')
    .option('--check', 'compares and writes nothing')
    .exitOverride()
    .action(async ({ check }) => {
      code = await pin(check !== true)
    })
  return (await runCommandLine(program, args)) || code
}

async function pin(shouldWrite: boolean): Promise<number> {
  const images = await pinFiles({ root: ROOT, shouldWrite, signal: new AbortController().signal })
  for (const { text, digest, isPinned } of images) {
    process.stdout.write(`${isPinned ? 'as it is' : shouldWrite ? 'pinned  ' : 'differs '} ${text}@${digest}\n`)
  }
  return shouldWrite || images.every(({ isPinned }) => isPinned) ? 0 : 1
}
