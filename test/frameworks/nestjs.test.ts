import { subject } from '../../fixtures/nestjs/cases.ts'
import { contract } from '../contract.ts'

contract(subject)
