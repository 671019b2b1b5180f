import { subject } from '../../fixtures/polka/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
