import { overview } from './boards/overview.ts'
import { sagas } from './boards/sagas.ts'
import { money } from './boards/money.ts'
import { postgres } from './boards/postgres.ts'
import type { Board } from './panels.ts'

export const boards: readonly Board[] = [overview, sagas, money, postgres]
