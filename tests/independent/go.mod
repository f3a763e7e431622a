module insurer

go 1.19
