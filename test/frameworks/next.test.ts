import { subject } from '../../fixtures/next/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
