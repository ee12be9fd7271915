import { draw } from './draw.ts'

/** Makes a picture from where only this process is: `bun draw.fixture.ts <address>` writes where the picture is. */
process.stdout.write(await draw(process.argv[2] ?? ''))
