//! A bike that is not there: answers as an Ergofit does. For tests and demonstrations.

/// The bike's end of the line.
#[derive(Debug)]
pub struct ErgofitBike {
    /// Crank revolutions a minute.
    pub cadence: u32,
    /// Watts.
    pub power: u32,
}

impl ErgofitBike {
    /// Takes in a request; returns what the bike answers.
    pub fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        let value = match request {
            super::PC_MODE => return request.to_vec(),
            super::CADENCE => self.cadence,
            super::POWER => self.power,
            super::PULSE => 0,
            _ => return Vec::new(),
        };
        let mut answer = vec![super::START, request[1], 2];
        answer.extend(format!("{value:03}").bytes());
        let check = answer[1..].iter().fold(3, |sum, byte| sum ^ byte);
        answer.push(3);
        answer.extend(format!("{:02}", check % 100).bytes());
        answer.push(super::END);
        answer
    }
}
