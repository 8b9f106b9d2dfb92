export { blobsContract, type ContractLine, journalContract, journalKeysContract, storeContract, vectorsContract } from './contracts.ts'
export { type Script, scripted } from './scripted.ts'
