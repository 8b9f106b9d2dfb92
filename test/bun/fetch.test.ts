import { pinnedTests } from '../pinned.ts'

pinnedTests()
